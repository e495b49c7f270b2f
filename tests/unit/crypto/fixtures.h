// What the tests of crypto/ share: the files of tests/data/crypto, sources and identities with a
// known behaviour.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "crypto/age.h"
#include "crypto/identity_file.h"

namespace secretfs::age {

inline std::string Fixture(const std::string& name) {
  std::ifstream file(std::string(TEST_DATA "/crypto/") + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

inline SecretBytes Secret(std::string_view text) {
  return SecretBytes::CopyOf(AsBytes(text)).value();
}
inline Bytes ToBytes(std::string_view text) {
  const ByteView view = AsBytes(text);
  return {view.begin(), view.end()};
}
inline std::string ToText(const SecretBytes& secret) {
  return std::string(AsText(secret.Expose()));
}

inline Bytes FromHex(std::string_view hex) {
  Bytes bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

inline std::vector<IdentityPtr> Identities(const std::string& fixture) {
  return ParseIdentityFile(Secret(Fixture(fixture)), fixture, {}).value().identities;
}

/// What answers with these passphrases, and counts into `asked` how often it had to.
inline AskPassphrases Answer(std::vector<std::string> texts, int* asked = nullptr) {
  return [texts = std::move(texts), asked](const std::string& /*of*/) {
    if (asked != nullptr) ++*asked;
    std::vector<SecretPtr> passphrases;
    for (const std::string& text : texts) {
      passphrases.push_back(std::make_shared<const SecretBytes>(Secret(text)));
    }
    return passphrases;
  };
}

/// Gives at most `step` bytes at a time, and an error at the end if there is one.
class DribbleSource final : public ByteSource {
 public:
  DribbleSource(ByteView bytes, size_t step, std::optional<Code> error_at_end = {})
      : rest_(bytes), step_(step), error_at_end_(error_at_end) {}
  Result<size_t> Read(ByteSpan into) override {
    if (rest_.empty() && error_at_end_) return Error{*error_at_end_, "disk", "", ""};
    const size_t count = std::min({rest_.size(), into.size(), step_});
    std::copy_n(rest_.begin(), count, into.begin());
    rest_ = rest_.subspan(count);
    return count;
  }

 private:
  ByteView rest_;
  size_t step_;
  std::optional<Code> error_at_end_;
};

/// Has the file key already.
class FakeIdentity final : public Identity {
 public:
  explicit FakeIdentity(std::string_view file_key) : file_key_(file_key) {}
  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza>) const override {
    return SecretBytes::CopyOf(AsBytes(file_key_));
  }
  [[nodiscard]] std::string Describe() const override { return "fake"; }

 private:
  std::string file_key_;
};

/// All that was released, and the error that ended it.
struct Outcome {
  std::string plaintext;
  std::optional<Error> error;
};

inline Outcome Decrypt(ByteSource& in, std::span<const IdentityPtr> identities) {
  Outcome outcome;
  auto decryption = Decryption::Open(in, identities);
  if (!decryption) return {"", decryption.error()};
  while (true) {
    auto chunk = decryption->Next();
    if (!chunk) {
      outcome.error = chunk.error();
      return outcome;
    }
    if (chunk->empty()) return outcome;
    outcome.plaintext += AsText(*chunk);
  }
}

inline Outcome Decrypt(std::string_view file, std::span<const IdentityPtr> identities) {
  MemorySource in(AsBytes(file));
  return Decrypt(in, identities);
}

/// The code of a Result that should have failed.
template <class T>
std::optional<Code> FailureOf(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code;
}
inline std::optional<Code> FailureOf(const Outcome& outcome) {
  if (!outcome.error) return std::nullopt;
  return outcome.error->code;
}

}  // namespace secretfs::age
