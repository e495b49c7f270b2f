// Many references in one run of `op inject`: a template in which each stands between delimiters
// that nobody can guess, so that no value can be taken for another one. Pure but for the random.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/op_reference.h"

namespace secretfs::remote {

class OpTemplate {
 public:
  OpTemplate();
  /// `vault_id` and `item_id` stand for the names in `ref`. False when it has a character that
  /// references of `op` cannot have, and was not added.
  bool Add(const OpReference& ref, const std::string& vault_id, const std::string& item_id);
  /// For standard input.
  [[nodiscard]] std::string Text() const { return text_ + Delimiter(count_) + "\n"; }
  /// The values in the order in which they were added. Errors: kIo when the output is not the
  /// template with the references replaced; kResource.
  [[nodiscard]] Result<std::vector<SecretBytes>> Split(ByteView output) const;

 private:
  [[nodiscard]] std::string Delimiter(size_t number) const;
  std::string mark_;
  std::string text_;
  size_t count_ = 0;
};

}  // namespace secretfs::remote
