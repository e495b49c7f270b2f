#include "crypto/inspect.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "crypto/age_file.h"
#include "crypto/age_stream.h"
#include "crypto/base64.h"
#include "crypto/ssh_wire.h"
#include "crypto/stream_cipher.h"

namespace secretfs::age {
namespace {

class CountingSource final : public ByteSource {
 public:
  explicit CountingSource(ByteSource& in) noexcept : in_(in) {}
  Result<size_t> Read(ByteSpan into) override {
    const size_t size = TRY(in_.Read(into));
    count_ += size;
    return size;
  }
  [[nodiscard]] uint64_t count() const noexcept { return count_; }

 private:
  ByteSource& in_;
  uint64_t count_ = 0;
};

Result<uint64_t> CountRest(ByteSource& source) {
  Bytes buffer(4 * kSealedChunkBytes);
  uint64_t count = 0;
  for (;;) {
    const size_t size = TRY(source.Read(buffer));
    if (size == 0) return count;
    count += size;
  }
}

bool IsOneOf(std::span<const std::string_view> types, const Stanza& stanza) {
  return std::find(types.begin(), types.end(), stanza.type) != types.end();
}

/// One stanza that a quantum computer opens is enough for it; a passphrase is no matter to it.
PostQuantum Judge(const Header& header) {
  constexpr std::array<std::string_view, 5> kOpen{"X25519", "ssh-ed25519", "ssh-rsa", "p256tag",
                                                  "piv-p256"};
  constexpr std::array<std::string_view, 3> kSafe{"mlkem768x25519", "mlkem768p256tag", "scrypt"};
  const auto any_of = [&](std::span<const std::string_view> types) {
    return std::any_of(header.stanzas.begin(), header.stanzas.end(),
                       [&](const Stanza& stanza) { return IsOneOf(types, stanza); });
  };
  if (any_of(kOpen)) return PostQuantum::kNo;
  return any_of(kSafe) ? PostQuantum::kYes : PostQuantum::kUnknown;
}

}  // namespace

Result<Inspection> Inspect(ByteSource& in) {
  CountingSource counted(in);
  const auto file = TRY(AgeFile::Open(counted));
  TRY(CheckScryptAlone(file->header()));
  const uint64_t payload = TRY(CountRest(file->payload()));
  if (payload < kPayloadNonceBytes)
    return Error{Code::kHeader, "the file ends before its payload's nonce", "", ""};
  Inspection found;
  found.armored = file->armored();
  found.header = file->header();
  found.post_quantum = Judge(found.header);
  found.sizes.header = found.header.size;
  found.sizes.payload = TRY(PlaintextSize(payload - kPayloadNonceBytes));
  found.sizes.overhead = payload - found.sizes.payload;
  found.sizes.armor = counted.count() - found.header.size - payload;
  return found;
}

std::optional<int> WorkFactorOf(const Stanza& stanza) {
  constexpr int kAbsurd = 64;
  if (stanza.args.size() != 2) return std::nullopt;
  const std::string& text = stanza.args[1];
  int factor = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || factor <= 0 || factor >= kAbsurd || text.front() == '0') return std::nullopt;
  return factor;
}

std::optional<std::string> SshTagOf(std::string_view recipient) {
  const size_t blank = recipient.find(' ');
  if (!recipient.starts_with("ssh-") || blank == std::string_view::npos) return std::nullopt;
  const std::string_view key = recipient.substr(blank + 1);
  auto wire = crypto::DecodeBase64(key.substr(0, key.find(' ')), crypto::Padding::kRequired);
  if (!wire) return std::nullopt;
  return SshPublicKey(*std::move(wire)).tag();
}

}  // namespace secretfs::age
