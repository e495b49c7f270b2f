// The identity-v1 state machine (C2SP age-plugin.md, "Unwrapping with identity-v1").
#include <utility>

#include "crypto/plugin.h"
#include "crypto/plugin_conversation.h"
#include "crypto/plugin_name.h"
#include "crypto/plugin_recipient.h"

namespace secretfs::age {
namespace {

Error Failure(std::string what) { return {Code::kUnavailable, std::move(what), "", ""}; }

/// Phase 1: all that the plugin needs to know.
Status Introduce(PluginConversation& plugin, const SecretBytes& line,
                 std::span<const Stanza> stanzas) {
  TRY(plugin.Say({"add-identity", AsText(line.Expose())}));
  for (const Stanza& stanza : stanzas) {
    std::vector<std::string_view> words{"recipient-stanza", "0", stanza.type};
    words.insert(words.end(), stanza.args.begin(), stanza.args.end());
    TRY(plugin.Say(words, stanza.body));
  }
  return plugin.Reply({"done"});
}

/// A file key, checked. There was one file, so its index is 0.
Status TakeFileKey(PluginMessage message, SecretBytes& file_key) {
  if (message.args.size() != 1 || message.args[0] != "0") {
    return Failure("sent a file key for no file of ours");
  }
  if (!file_key.empty()) return Failure("sent two file keys");
  if (message.body.size() != kFileKeyBytes) return Failure("sent a file key that is not 16 bytes");
  file_key = std::move(message.body);
  return Ok{};
}

/// Phase 2: the plugin leads.
Result<SecretBytes> Listen(PluginConversation& plugin) {
  SecretBytes file_key;
  while (true) {
    PluginMessage message = TRY(plugin.Next());
    if (message.type == "done") break;
    if (message.type == "file-key") {
      TRY(TakeFileKey(std::move(message), file_key));
      TRY(plugin.Reply({"ok"}));
    } else if (message.type == "error") {
      TRY(plugin.Reply({"ok"}));
      return Failure(PluginWords(message));
    } else {
      TRY(plugin.AnswerOther(message));
    }
  }
  if (file_key.empty()) return Error{Code::kNoMatch, "opens none of the file's stanzas", "", ""};
  return file_key;
}

class PluginIdentity final : public Identity {
 public:
  PluginIdentity(std::string name, SecretPtr line, PluginHostPtr host)
      : name_(std::move(name)), line_(std::move(line)), host_(std::move(host)) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    auto file_key = AskUnlessSlow(stanzas);
    if (file_key || file_key.error().code == Code::kResource) return file_key;
    Error none = PluginError(name_, Code::kNoMatch, file_key.error());
    if (file_key.error().code != Code::kNoMatch) none.where = "age-plugin-" + name_;
    return none;
  }

  [[nodiscard]] Cost cost() const override { return Cost::kPlugin; }

  [[nodiscard]] std::string Describe() const override { return "plugin " + name_; }

  [[nodiscard]] Result<RecipientPtr> ToRecipient() const override {
    return MakeRecipientOfPluginIdentity(name_, line_, host_);
  }

 private:
  [[nodiscard]] Result<SecretBytes> AskUnlessSlow(std::span<const Stanza> stanzas) const {
    TRY(host_->MayAsk(line_));
    PluginTurn turn(*host_, name_);
    TRY(host_->MayAsk(line_));  // who had the turn may have found it slow
    auto file_key = Ask(stanzas, turn);
    if (!file_key && file_key.error().code == Code::kTimeout) {
      host_->WasTooSlow(line_, file_key.error());
    }
    return file_key;
  }

  [[nodiscard]] Result<SecretBytes> Ask(std::span<const Stanza> stanzas, PluginTurn& turn) const {
    auto plugin = TRY(PluginConversation::Start(*host_, name_, "identity-v1", turn));
    TRY(Introduce(plugin, *line_, stanzas));
    auto file_key = Listen(plugin);
    if (file_key) turn.Succeeded();
    return file_key;
  }

  std::string name_;
  SecretPtr line_;
  PluginHostPtr host_;
};

}  // namespace

Result<IdentityPtr> MakePluginIdentity(SecretBytes line, PluginHostPtr host) {
  std::string name = TRY(PluginNameOfIdentity(line.Expose()));
  return IdentityPtr(std::make_shared<PluginIdentity>(
      std::move(name), std::make_shared<const SecretBytes>(std::move(line)), std::move(host)));
}

}  // namespace secretfs::age
