// Prepares the two crypto libraries. OpenSSL's allocations go to base/secret_heap, so that its key
// schedules, big numbers and contexts are locked, left out of dumps and wiped like every
// SecretBytes. Thread-safe.
#pragma once

#include "base/result.h"

namespace secretfs {

/// Must come before any other use of OpenSSL in the process, which then takes no configuration file
/// and no exit handler. Later calls give the first call's answer; the entry points of crypto/ make
/// this call themselves. Errors: kResource when OpenSSL was already in use, with other memory.
Status InitCrypto();

}  // namespace secretfs
