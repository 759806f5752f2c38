/* assets.S - files that travel inside the program. Build it from the top folder. */
    .section .rodata
    .macro asset name, path
    .global asset_\name
    .global asset_\name\()_end
    .balign 16
asset_\name:
    .incbin "\path"
asset_\name\()_end:
    .byte 0
    .endm
    .section .note.GNU-stack,"",@progbits
