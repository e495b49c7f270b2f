// libfuse's low-level API at the version this program is written for. Included by the bridge
// and session.cpp only.
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>  // IWYU pragma: export
