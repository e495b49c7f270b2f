// Prepares libcurl, with its memory on base/secret_heap: headers, buffers and connections are
// locked, left out of dumps and wiped like every SecretBytes. Thread-safe.
#pragma once

#include "base/result.h"

namespace secretfs::remote {

/// Must come before any other use of libcurl in the process; prepares crypto/ first, whose memory
/// TLS takes. Later calls give the first call's answer. Errors: kResource.
Status InitCurl();

}  // namespace secretfs::remote
