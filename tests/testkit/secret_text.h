// What a store gave, as text, for comparing.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::testkit {

inline std::string TextOf(const Result<SecretBytes>& value) {
  return value ? std::string(AsText(value->Expose())) : "error: " + value.error().Text();
}

}  // namespace secretfs::testkit
