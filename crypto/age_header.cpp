#include "crypto/age_header.h"

#include <algorithm>

#include "crypto/base64.h"
#include "crypto/hkdf.h"

namespace secretfs::age {
namespace {

using crypto::Padding;

constexpr std::string_view kVersionLine = "age-encryption.org/v1";
constexpr std::string_view kVersionPrefix = "age-encryption.org/";
constexpr std::string_view kFooter = "---";
constexpr size_t kMacBytes = crypto::kSha256Bytes;
constexpr size_t kMacTextBytes = 43;  // 32 bytes in base64 without padding
constexpr size_t kFooterLineBytes = kFooter.size() + 1 + kMacTextBytes + 1;

Status ParseVersion(LineCursor& lines) {
  if (!lines.NextStartsWith(kVersionPrefix)) {
    return Error{Code::kHeader, "not an age file", "",
                 "an age file begins with 'age-encryption.org/v1' or is armored"};
  }
  if (TRY(lines.Next()) != kVersionLine) {
    return Error{Code::kHeader, "the version line is not 'age-encryption.org/v1'", "",
                 "the file is damaged, or made by a later version of age"};
  }
  return Ok{};
}

Result<Bytes> ParseFooter(LineCursor& lines) {
  std::string_view line = TRY(lines.Next());
  line.remove_prefix(kFooter.size());
  if (!line.starts_with(' ')) return HeaderErrorAt(lines, "no space before the MAC");
  auto mac = crypto::DecodeBase64(line.substr(1), Padding::kNone);
  if (!mac || mac->size() != kMacBytes) {
    return HeaderErrorAt(lines, "the MAC is not 32 bytes in canonical base64");
  }
  return *std::move(mac);
}

/// Of a whole header: up to and including "---", not the space.
std::string_view CoveredByMac(std::string_view header_text) {
  return header_text.substr(0, header_text.size() - kFooterLineBytes + kFooter.size());
}

Result<Bytes> ComputeMac(std::string_view covered, const SecretBytes& file_key) {
  const auto key = TRY(crypto::HkdfSha256(file_key.Expose(), {}, AsBytes("header")));
  Bytes mac(kMacBytes);
  crypto::HmacSha256(key.Expose(), {AsBytes(covered)}, mac);
  return mac;
}

}  // namespace

std::optional<size_t> FindHeaderEnd(std::string_view text) noexcept {
  const size_t footer = text.find("\n---");
  if (footer == std::string_view::npos) return std::nullopt;
  const size_t end = text.find('\n', footer + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return end + 1;
}

Result<Header> ParseHeader(std::string_view text) {
  LineCursor lines(text.substr(0, kMaxHeaderBytes));
  TRY(ParseVersion(lines));
  Header header;
  while (!lines.NextStartsWith(kFooter)) {
    if (header.stanzas.size() == kMaxStanzas) {
      return HeaderErrorAt(lines, "more than 1024 stanzas");
    }
    header.stanzas.push_back(TRY(ParseStanza(lines)));
  }
  if (header.stanzas.empty()) return HeaderErrorAt(lines, "there is no stanza");
  header.mac = TRY(ParseFooter(lines));
  header.size = lines.taken();
  return header;
}

Status CheckScryptAlone(const Header& header) {
  const auto is_scrypt = [](const Stanza& stanza) { return stanza.type == "scrypt"; };
  if (header.stanzas.size() > 1 && std::ranges::any_of(header.stanzas, is_scrypt)) {
    return Error{Code::kHeader, "a scrypt stanza is not the only one", "", ""};
  }
  return Ok{};
}

std::string PrintHeader(const Header& header) {
  std::string text;
  text.append(kVersionLine).append(1, '\n');
  for (const Stanza& stanza : header.stanzas) PrintStanza(stanza, text);
  text.append(kFooter).append(1, ' ');
  text.append(crypto::EncodeBase64(header.mac, Padding::kNone)).append(1, '\n');
  return text;
}

Result<std::string> SealHeader(std::vector<Stanza> stanzas, const SecretBytes& file_key) {
  if (stanzas.size() > kMaxStanzas) {
    return Error{Code::kTooLarge, "a file for more than 1024 recipients", "", ""};
  }
  Header header;
  header.stanzas = std::move(stanzas);
  header.mac.resize(kMacBytes);
  header.mac = TRY(ComputeMac(CoveredByMac(PrintHeader(header)), file_key));
  std::string text = PrintHeader(header);
  if (text.size() > kMaxHeaderBytes) {
    return Error{Code::kTooLarge, "a header of more than 1 MiB", "", "give fewer recipients"};
  }
  return text;
}

Status VerifyMac(const Header& header, std::string_view text, const SecretBytes& file_key) {
  Bytes expected = TRY(ComputeMac(CoveredByMac(text.substr(0, header.size)), file_key));
  const bool equal = ConstantTimeEqual(expected, header.mac);
  Wipe(expected);
  if (equal) return Ok{};
  return Error{Code::kMac, "the header's MAC is wrong", "", "the file was altered or damaged"};
}

}  // namespace secretfs::age
