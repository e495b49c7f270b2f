#include "crypto/identity_file.h"

#include <utility>

#include "crypto/bech32.h"
#include "crypto/hybrid.h"
#include "crypto/hybrid_plugin.h"
#include "crypto/init.h"
#include "crypto/key_lines.h"
#include "crypto/locked_identity_file.h"
#include "crypto/ssh_key.h"
#include "crypto/x25519.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kNativePrefix = "AGE-SECRET-KEY-";
constexpr std::string_view kPostQuantumPrefix = "AGE-SECRET-KEY-PQ-";
constexpr std::string_view kPluginPrefix = "AGE-PLUGIN-";
constexpr size_t kSecretKeyBytes = 32;  // or those of the seed of a post-quantum one
constexpr size_t kMostProblems = 16;    // to tell of; more help nobody

Error Invalid(std::string what, std::string hint = {}) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}
Error Unsupported(std::string what, std::string hint) {
  return {Code::kUnsupported, std::move(what), "", std::move(hint)};
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

Error UnknownLine(std::string_view line) {
  if (line.starts_with("age1") || line.starts_with("ssh-")) {
    return Invalid("a recipient (public key), not an identity",
                   "an identity line begins with AGE-SECRET-KEY-1");
  }
  if (line.starts_with("-----BEGIN")) {
    return Invalid("a private key in PEM form among other lines", "give it a file of its own");
  }
  return Invalid("not an identity", "an identity line begins with AGE-SECRET-KEY-1");
}

Result<IdentityPtr> ParseIdentityLine(std::string_view line, const IdentityHelp& help) {
  if (IsBlank(line.front()) || IsBlank(line.back())) return Invalid("white space around the line");
  if (line.starts_with(kPluginPrefix)) {
    if (!help.plugins) {
      return Unsupported("an identity of an age plugin, and no folder of plugins is given",
                         "set plugins.dir in the configuration, or --plugin-dir");
    }
    return MakePluginIdentity(TRY(SecretBytes::CopyOf(AsBytes(line))), help.plugins);
  }
  if (!line.starts_with(kNativePrefix)) return UnknownLine(line);
  auto decoded = crypto::DecodeBech32(AsBytes(line));
  if (!decoded) {
    if (decoded.error().code != Code::kInvalid) return std::move(decoded).error();
    return Invalid("a damaged identity: " + decoded.error().what);
  }
  if (decoded->data.size() == kSecretKeyBytes) {
    if (decoded->prefix == kNativePrefix) return MakeX25519Identity(std::move(decoded->data));
    if (decoded->prefix == kPostQuantumPrefix) {
      if (HybridSupported() || !help.plugins) return MakeHybridIdentity(std::move(decoded->data));
      return MakeHybridIdentityWithPlugin(std::move(decoded->data), help.plugins);
    }
  }
  return Invalid("a damaged identity: not a key of 32 bytes");
}

Error At(Error error, const std::string& where) {
  error.where = where;
  return error;
}

/// One bad line does not spoil the others.
Result<ParsedIdentities> ParseLines(std::string_view text, const std::string& name,
                                    const IdentityHelp& help) {
  ParsedIdentities parsed;
  KeyLines lines(text);
  while (const auto line = lines.Next()) {
    auto identity = ParseIdentityLine(*line, help);
    if (identity) {
      parsed.identities.push_back(*std::move(identity));
    } else if (parsed.problems.size() < kMostProblems) {
      parsed.problems.push_back(
          At(std::move(identity).error(), name + ":" + std::to_string(lines.number())));
    }
    if (line->starts_with("-----BEGIN")) break;  // what follows is the key's
  }
  if (!parsed.identities.empty()) return parsed;
  if (!parsed.problems.empty()) return std::move(parsed.problems.front());
  return At(Invalid("there is no identity in the file"), name);
}

Result<ParsedIdentities> One(Result<IdentityPtr> identity, const std::string& name) {
  if (!identity) return At(std::move(identity).error(), name);
  ParsedIdentities parsed;
  parsed.identities.push_back(*std::move(identity));
  return parsed;
}

bool IsLocked(std::string_view text) {
  return text.starts_with("age-encryption.org/") || text.starts_with("-----BEGIN AGE");
}

Result<ParsedIdentities> ParseOpenFile(std::string_view text, const std::string& name,
                                       const IdentityHelp& help) {
  if (!text.starts_with("-----BEGIN")) return ParseLines(text, name, help);
  return One(ParseSshPrivateKey(AsBytes(text), {name, help.passphrases, help.ssh_limits}), name);
}

Result<ParsedIdentities> ParseUnlockedFile(const SecretBytes& content, const std::string& name,
                                           const IdentityHelp& help) {
  const std::string_view text = AsText(content.Expose());
  if (!IsLocked(text)) return ParseOpenFile(text, name, help);
  return At(Invalid("an identity file under a passphrase inside another"), name);
}

}  // namespace

Result<ParsedIdentities> ParseIdentityFile(const SecretBytes& content, const std::string& name,
                                           const IdentityHelp& help) {
  TRY(InitCrypto());
  const std::string_view text = AsText(content.Expose());
  if (text.size() > kMaxIdentityFileBytes) {
    return Error{Code::kTooLarge, "an identity file is at most 16 MiB", name, ""};
  }
  if (!IsLocked(text)) return ParseOpenFile(text, name, help);
  const auto parse = [name, help](const SecretBytes& unlocked) {
    return ParseUnlockedFile(unlocked, name, help);
  };
  return One(MakeLockedIdentityFile(content.Expose(), name, help, parse), name);
}

}  // namespace secretfs::age
