#include "assets.h"

#include <string.h>

bool
asset_find(const char *path, struct bytes *ret_bytes)
{
    for (const struct asset *asset = assets; asset->path != NULL; asset++) {
        if (strcmp(asset->path, path) != 0)
            continue;
        *ret_bytes = BYTES(asset->at, (size_t)(asset->end - asset->at));
        return true;
    }
    return false;
}
