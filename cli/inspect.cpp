// `secretfs inspect`: what an age file tells without a key, and what would open it.
#include "crypto/inspect.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/input_file.h"
#include "cli/stdin_use.h"
#include "cli/table.h"
#include "cli/ui.h"
#include "crypto/hybrid.h"
#include "crypto/identity_file.h"
#include "crypto/recipient_file.h"
#include "crypto/recipients_mark.h"
#include "providers/fd_source.h"

namespace secretfs {
namespace {

struct Options {
  std::string input = "-";
  std::vector<std::string> identity_files;
  std::vector<std::string> recipient_files;
  bool json = false;
};

/// SSH keys by the tag that a stanza has: in which file.
using Owners = std::map<std::string, std::string>;

void AddOwner(Owners& owners, const std::string& recipient, const std::string& file) {
  if (const auto tag = age::SshTagOf(recipient)) owners.emplace(*tag, file);
}

Result<Owners> ReadOwners(const Options& options) {
  Owners owners;
  for (const std::string& file : options.recipient_files) {
    const InputFile input = TRY(InputFile::Open(file));
    const Bytes text = TRY(ReadAll(input.fd(), age::kMaxRecipientFileBytes, input.name()));
    for (const auto& recipient : TRY(age::ParseRecipientFile(text, input.name(), {})))
      AddOwner(owners, recipient->Text(), input.name());
  }
  for (const std::string& file : options.identity_files) {
    const InputFile input = TRY(InputFile::Open(file));
    const SecretBytes text =
        TRY(ReadAllSecret(input.fd(), age::kMaxIdentityFileBytes, input.name()));
    const auto parsed = TRY(age::ParseIdentityFile(text, input.name(), {}));
    for (const auto& identity : parsed.identities) {
      if (const auto recipient = identity->ToRecipient())
        AddOwner(owners, (*recipient)->Text(), input.name());
    }
  }
  return owners;
}

/// A size of memory in words: a scrypt stanza needs 1 KiB << the work factor.
std::string Kibibytes(int shift) {
  if (shift < 10) return std::to_string(1 << shift) + " KiB";
  if (shift < 20) return std::to_string(1 << (shift - 10)) + " MiB";
  return std::to_string(uint64_t{1} << (shift - 20)) + " GiB";
}

std::string PassphraseNeeds(const age::Stanza& stanza) {
  const auto factor = age::WorkFactorOf(stanza);
  if (!factor) return "a passphrase, but the stanza is damaged";
  std::string needs = "a passphrase; work factor " + std::to_string(*factor) + ", " +
                      Kibibytes(*factor) + " of memory";
  if (*factor > age::kDefaultMaxWorkFactor)
    needs += "; above the limit of " + std::to_string(age::kDefaultMaxWorkFactor);
  return needs;
}

std::string SshNeeds(const age::Stanza& stanza, const Owners& owners) {
  if (stanza.args.empty()) return "an SSH key, but the stanza is damaged";
  const auto owner = owners.find(stanza.args[0]);
  return "the SSH key with tag " + stanza.args[0].substr(0, 16) +
         (owner == owners.end() ? "" : ", in " + owner->second);
}

/// Plugins have such names, and stanzas are often called as the plugin is.
bool CouldBePlugin(std::string_view type) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789._+-";
  constexpr size_t kLongest = 32;
  return type.size() <= kLongest && !type.starts_with('.') &&
         type.find_first_not_of(kAllowed) == std::string_view::npos;
}

std::string Needs(const age::Stanza& stanza, const Owners& owners) {
  const std::string& type = stanza.type;
  if (type == "X25519") return "an X25519 identity, AGE-SECRET-KEY-1...";
  if (type == "ssh-ed25519" || type == "ssh-rsa") return SshNeeds(stanza, owners);
  if (type == "scrypt") return PassphraseNeeds(stanza);
  if (type == age::kHybridType) {
    return std::string("a post-quantum identity, AGE-SECRET-KEY-PQ-1...") +
           (age::HybridSupported() ? "" : "; this build has no post-quantum keys");
  }
  if (type == age::kRecipientsMarkType)
    return "opens nothing: the mark by which rekey knows the recipients";
  if (type.ends_with("-grease")) return "opens nothing: grease";
  if (type == "p256tag" || type == "mlkem768p256tag")
    return "the hardware key's plugin, such as age-plugin-yubikey or age-plugin-se";
  if (type == "piv-p256") return "age-plugin-yubikey";
  return CouldBePlugin(type) ? "not known; age-plugin-" + type + "?" : "not known";
}

std::string_view PostQuantumWord(age::PostQuantum judged) {
  switch (judged) {
    case age::PostQuantum::kNo:
      return "no";
    case age::PostQuantum::kYes:
      return "yes";
    default:
      return "unknown";
  }
}

constexpr std::string_view kVersion = "age-encryption.org/v1";

/// The keys of age-inspect's JSON with its meanings, and ours: `stanzas` and `sizes.total`.
void PrintJson(const age::Inspection& found, const Owners& owners) {
  auto types = nlohmann::ordered_json::array();
  auto stanzas = nlohmann::ordered_json::array();
  for (const age::Stanza& stanza : found.header.stanzas) {
    types.push_back(stanza.type);
    nlohmann::ordered_json about{{"type", stanza.type},
                                 {"needs", Printable(Needs(stanza, owners))}};
    if (stanza.type.starts_with("ssh-") && !stanza.args.empty()) {
      about["tag"] = stanza.args[0];
      const auto owner = owners.find(stanza.args[0]);
      if (owner != owners.end()) about["key_in"] = Printable(owner->second);
    }
    const auto factor = age::WorkFactorOf(stanza);
    if (stanza.type == "scrypt" && factor) about["work_factor"] = *factor;
    stanzas.push_back(std::move(about));
  }
  const age::Sizes& sizes = found.sizes;
  const nlohmann::ordered_json json{{"version", kVersion},
                                    {"postquantum", PostQuantumWord(found.post_quantum)},
                                    {"armor", found.armored},
                                    {"stanza_types", types},
                                    {"sizes",
                                     {{"header", sizes.header},
                                      {"armor", sizes.armor},
                                      {"overhead", sizes.overhead},
                                      {"min_payload", sizes.payload},
                                      {"max_payload", sizes.payload},
                                      {"min_padding", 0},
                                      {"max_padding", 0},
                                      {"total", sizes.total()}}},
                                    {"stanzas", stanzas}};
  ui::Print(json.dump(2));
}

void PrintText(const std::string& name, const age::Inspection& found, const Owners& owners) {
  ui::Print(Printable(name) + ": " + std::string(kVersion) + (found.armored ? ", armored" : ""));
  ui::Print("post-quantum: " + std::string(PostQuantumWord(found.post_quantum)));
  std::vector<std::vector<std::string>> rows{{"STANZA", "NEEDS"}};
  for (const age::Stanza& stanza : found.header.stanzas)
    rows.push_back({Printable(stanza.type), Printable(Needs(stanza, owners))});
  std::fputs(("\n" + FormatTable(rows) + "\n").c_str(), stdout);
  const age::Sizes& sizes = found.sizes;
  rows = {{"PART", "BYTES"}, {"header", std::to_string(sizes.header)}};
  if (found.armored) rows.push_back({"armor", std::to_string(sizes.armor)});
  rows.push_back({"overhead", std::to_string(sizes.overhead)});
  rows.push_back({"payload", std::to_string(sizes.payload)});
  rows.push_back({"total", std::to_string(sizes.total())});
  std::fputs(FormatTable(rows).c_str(), stdout);
}

Status CheckUsage(const Options& options) {
  StdinUse use;
  use.AddFiles(options.identity_files, "-i");
  use.AddFiles(options.recipient_files, "-R");
  use.AddFile(options.input, "the age file");
  return use.Check();
}

Status InspectFile(const Options& options) {
  const Owners owners = TRY(ReadOwners(options));
  const InputFile input = TRY(InputFile::Open(options.input));
  FdSource source(input.fd(), input.name());
  auto found = age::Inspect(source);
  if (!found) {
    if (found.error().where.empty()) found.error().where = input.name();
    return std::move(found).error();
  }
  if (options.json) {
    PrintJson(*found, owners);
  } else {
    PrintText(input.name(), *found, owners);
  }
  return Ok{};
}

void AddFiles(CLI::App& app, const char* option, std::vector<std::string>& files,
              const char* summary) {
  app.add_option(option, files, summary)
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

}  // namespace

Command InspectCommand() {
  return {"inspect", "tell what an age file is, and what would open it", [](CLI::App& app) {
            const auto options = std::make_shared<Options>();
            app.add_flag("--json", options->json, "print JSON");
            AddFiles(app, "-i,--identity", options->identity_files,
                     "identities whose SSH keys are looked for; may be repeated");
            AddFiles(app, "-R,--recipients-file", options->recipient_files,
                     "recipients whose SSH keys are looked for; may be repeated");
            app.add_option("FILE", options->input, "the age file; - is standard input")
                ->capture_default_str();
            return [options] {
              if (const Status usage = CheckUsage(*options); !usage) {
                return ui::Fail(usage.error(), ExitCode::kUsage);
              }
              const Status done = InspectFile(*options);
              return done ? ExitCode::kDone : ui::Fail(done.error());
            };
          }};
}

}  // namespace secretfs
