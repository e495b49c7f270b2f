// References to secrets of 1Password: op://VAULT/ITEM/[SECTION/]FIELD[?attribute=NAME |
// ?ssh-format=openssh]. The strict syntax of the official parser (letters, digits, "_", ".", "-"
// and blanks), without empty parts, and %XX in a part for any other character. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace secretfs::remote {

/// The parts are names or ids, decoded.
struct OpReference {
  std::string vault;
  std::string item;
  std::string section;    // "": none was given
  std::string field;      // or a file
  std::string attribute;  // "", or one of "type", "value", "id", "purpose", "otp", "title" of
                          // fields and "type", "content", "size", "id", "name" of files
  bool openssh = false;  // a private key, in OpenSSH's format
};

/// Errors: kInvalid, with a hint.
Result<OpReference> ParseOpReference(std::string_view text);

/// Whether it is a password of the moment, which is computed when it is read.
inline bool IsOneTimePassword(const OpReference& ref) { return ref.attribute == "otp"; }

/// An item as a document (remote/store.h): "VAULT/ITEM", escaped as in references.
std::string OpDocument(const OpReference& ref);

struct OpItemName {
  std::string vault;
  std::string item;
};
/// Of what OpDocument() gave. Errors: kInvalid.
Result<OpItemName> ParseOpDocument(std::string_view document);

/// "[SECTION/]FIELD", for messages.
std::string OpFieldName(const OpReference& ref);

/// 26 letters and digits, as 1Password's ids are, though a name may look like that too.
bool LooksLikeOpId(std::string_view text);

/// Equal but for the case of ASCII letters.
bool EqualsIgnoringCase(std::string_view a, std::string_view b);

}  // namespace secretfs::remote
