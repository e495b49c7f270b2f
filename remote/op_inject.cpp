#include "remote/op_inject.h"

#include <algorithm>
#include <array>

#include "crypto/random.h"

namespace secretfs::remote {
namespace {

constexpr size_t kRandomBytes = 16;

std::string Hexadecimal(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::byte b : bytes) {
    const auto value = std::to_integer<unsigned>(b);
    text += kDigits[value >> 4U];
    text += kDigits[value & 15U];
  }
  return text;
}

/// What `op` takes in references, without percent signs.
bool IsPlain(std::string_view part) {
  return std::ranges::all_of(part, [](char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return letter || c == '-' || c == '_' || c == '.' || c == ' ';
  });
}

}  // namespace

OpTemplate::OpTemplate() {
  std::array<std::byte, kRandomBytes> random{};
  crypto::FillRandom(random);
  mark_ = Hexadecimal(random);
}

std::string OpTemplate::Delimiter(size_t number) const {
  return "<" + mark_ + ":" + std::to_string(number) + ">";
}

bool OpTemplate::Add(const OpReference& ref, const std::string& vault_id,
                     const std::string& item_id) {
  std::string text = "op://" + vault_id + "/" + item_id + "/";
  if (!ref.section.empty()) text += ref.section + "/";
  text += ref.field;
  for (const std::string_view part : {std::string_view(vault_id), std::string_view(item_id),
                                      std::string_view(ref.section), std::string_view(ref.field)}) {
    if (!IsPlain(part)) return false;
  }
  if (!ref.attribute.empty()) text += "?attribute=" + ref.attribute;
  if (ref.openssh) text += "?ssh-format=openssh";
  text_ += Delimiter(count_++) + "{{ " + text + " }}";
  return true;
}

Result<std::vector<SecretBytes>> OpTemplate::Split(ByteView output) const {
  const Error foreign{Code::kIo, "op inject wrote something else than the template", "op", ""};
  std::string_view rest = AsText(output);
  if (!rest.starts_with(Delimiter(0))) return foreign;
  rest.remove_prefix(Delimiter(0).size());
  std::vector<SecretBytes> values;
  for (size_t i = 1; i <= count_; ++i) {
    const std::string next = Delimiter(i);
    const size_t end = rest.find(next);
    if (end == std::string_view::npos) return foreign;
    values.push_back(TRY(SecretBytes::CopyOf(AsBytes(rest.substr(0, end)))));
    rest.remove_prefix(end + next.size());
  }
  if (rest.find_first_not_of("\r\n") != std::string_view::npos) return foreign;
  return values;
}

}  // namespace secretfs::remote
