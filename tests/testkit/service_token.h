// Tokens of 1Password service accounts in the right form, for tests; they are nobody's.
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "crypto/base64.h"

namespace secretfs::testkit {

inline nlohmann::json ServiceTokenJson() {
  return {
      {"signInAddress", "my.1password.com"},
      {"userAuth",
       {{"method", "SRPg-4096"}, {"alg", "PBES2g-HS256"}, {"iterations", 650000}, {"salt", "c2"}}},
      {"email", "abc@1passwordserviceaccounts.com"},
      {"srpX", "00ff"},
      {"muk", {{"alg", "A256GCM"}, {"k", "MUKMUK"}, {"kty", "oct"}}},
      {"secretKey", "A3-SECRET"},
      {"deviceUuid", "device"}};
}

inline std::string ServiceTokenOf(const std::string& text) {
  std::string token = crypto::EncodeBase64(AsBytes(text), crypto::Padding::kNone);
  std::ranges::replace(token, '+', '-');
  std::ranges::replace(token, '/', '_');
  return "ops_" + token;
}
inline std::string ServiceTokenOf(const nlohmann::json& json) {
  return ServiceTokenOf(json.dump());
}

}  // namespace secretfs::testkit
