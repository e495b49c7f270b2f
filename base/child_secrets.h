// The secret part of an environment, for the moment in which a child is made: in pages of its own,
// since the child of a fork has nothing of base/secret_heap. They are locked and not dumped, here
// and in the child, shared with every child that is forked meanwhile, and wiped for all of them at
// once when this goes, which is to be when the program runs: it has its own copy then.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs {

struct SecretVariable {
  std::string name;
  SecretPtr value;
};

class ChildSecrets {
 public:
  /// Errors: kInvalid when a name has a '=' or a value a NUL byte; kResource.
  static Result<ChildSecrets> Make(std::span<const SecretVariable> variables);
  ChildSecrets(ChildSecrets&& other) noexcept;
  ChildSecrets& operator=(ChildSecrets&&) = delete;
  ChildSecrets(const ChildSecrets&) = delete;
  ChildSecrets& operator=(const ChildSecrets&) = delete;
  ~ChildSecrets();

  /// "NAME=value" each, for execve(2).
  [[nodiscard]] const std::vector<char*>& strings() const noexcept { return strings_; }

 private:
  explicit ChildSecrets(ByteSpan pages) noexcept : pages_(pages) {}
  ByteSpan pages_;  // empty without variables
  std::vector<char*> strings_;
};

}  // namespace secretfs
