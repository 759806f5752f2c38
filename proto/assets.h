// assets.h - the files that travel inside the program
//
//     struct bytes text;
//     if (asset_find("conf/plan/types/household.json", &text)) ...
//
//     for (const struct asset *asset = assets; asset->path != NULL; asset++) ...
//
// Shape    assets.S lists them, and nothing else does. A path is the one in the source tree; the
//          bytes are the file's as it was when the program was built.
// Errors   None: false for a path that is not listed.
// Memory   Static. A NUL that does not count stands behind each, so text may be read as such.
// Threads  Any.

#ifndef PROTO_ASSETS_H
#define PROTO_ASSETS_H

#include "../node/base/buf.h"

struct asset {
    const char *path;
    const uint8_t *at, *end;
};

// By kind of file; behind the last one stands an element whose path is NULL.
extern const struct asset assets[];

bool asset_find(const char *path, struct bytes *ret_bytes);

#endif
