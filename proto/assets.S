/* assets.S - files that travel inside the program. Build it from the top folder.
 *
 * Each line at the end is one file. It makes asset_<name> and asset_<name>_end around the bytes,
 * and an element of assets[] (assets.h); the name is the file's, with _ for - and dot.
 */
    .section .rodata.asset_data,"a",@progbits
    .section .data.rel.ro.asset_table,"aw",@progbits
    .global assets
    .type assets, @object
    .balign 8
assets:

    .macro asset name, path
    .section .rodata.asset_data,"a",@progbits
    .global asset_\name
    .global asset_\name\()_end
    .balign 16
asset_\name:
    .incbin "\path"
asset_\name\()_end:
    .byte 0
asset_\name\()_path:
    .asciz "\path"
    .section .data.rel.ro.asset_table,"aw",@progbits
    .dc.a asset_\name\()_path, asset_\name, asset_\name\()_end
    .endm

    asset dictionary_1, proto/dictionary-1.zdict
    asset commitment_json, conf/plan/types/commitment.json
    asset household_json, conf/plan/types/household.json
    asset model_json, conf/plan/types/model.json
    asset propaganda_session_json, conf/plan/types/propaganda_session.json
    asset T1_A_json, conf/plan/indicators/T1-A.json
    asset T1_C_json, conf/plan/indicators/T1-C.json
    asset T2_json, conf/plan/indicators/T2.json
    asset T3b_c_json, conf/plan/indicators/T3b-c.json
    asset thai_nguyen_csv, conf/offices/thai-nguyen.csv

    /* The end of the table: an element without a path. */
    .section .data.rel.ro.asset_table,"aw",@progbits
    .dc.a 0, 0, 0
    .size assets, . - assets

    .section .note.GNU-stack,"",@progbits
