// Random bytes of the system's generator: keys, nonces, salts. Thread-safe.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

/// Of what will be public.
void FillRandom(ByteSpan out);

/// From 0 to below 1, for pauses that are not those of others.
double RandomFraction();

/// Errors: kResource.
Result<SecretBytes> RandomSecret(size_t size);

}  // namespace secretfs::crypto
