// Where passphrases come from, for the crypto that needs them: a question that somebody else
// answers, from a credential, a descriptor, a terminal.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::age {

/// Gives the passphrases to try, at least one, for what `of` names ("id.age"). Asked only
/// when one is needed, from any thread, and again after an error. Errors: kNotFound when none is
/// known, with a hint how to give one.
using AskPassphrases = std::function<Result<std::vector<SecretPtr>>(const std::string& of)>;

/// Asks `ask`, which may be empty. That there is no passphrase is a reason why an identity does not
/// match. Errors: kNoMatch alone, in words, and with a hint how to give one.
Result<std::vector<SecretPtr>> PassphrasesFor(const AskPassphrases& ask, const std::string& of);

}  // namespace secretfs::age
