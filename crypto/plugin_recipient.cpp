// The recipient-v1 state machine (C2SP age-plugin.md, "Wrapping with recipient-v1").
#include "crypto/plugin_recipient.h"

#include <algorithm>
#include <utility>

#include "crypto/base64.h"
#include "crypto/hkdf.h"
#include "crypto/plugin_conversation.h"
#include "crypto/plugin_name.h"

namespace secretfs::age {
namespace {

constexpr size_t kMostStanzas = 64;  // of one recipient; one is usual
constexpr size_t kFingerprintBytes = 9;

Error Failure(std::string what) { return {Code::kUnavailable, std::move(what), "", ""}; }

/// `recipient-stanza 0 TYPE ARGUMENTS...`: there was one file key, so its index is 0.
Status TakeStanza(PluginMessage message, Wrapped& wrapped) {
  if (message.args.size() < 2 || message.args[0] != "0") {
    return Failure("sent a stanza for no file of ours");
  }
  if (wrapped.stanzas.size() == kMostStanzas) return Failure("sent too many stanzas");
  Stanza stanza;
  stanza.type = std::move(message.args[1]);
  stanza.args.assign(std::make_move_iterator(message.args.begin() + 2),
                     std::make_move_iterator(message.args.end()));
  const ByteView body = message.body.Expose();
  stanza.body.assign(body.begin(), body.end());
  wrapped.stanzas.push_back(std::move(stanza));
  return Ok{};
}

/// Phase 2: the plugin leads.
Result<Wrapped> Listen(PluginConversation& plugin) {
  Wrapped wrapped;
  bool labelled = false;
  while (true) {
    PluginMessage message = TRY(plugin.Next());
    if (message.type == "done") break;
    if (message.type == "recipient-stanza") {
      TRY(TakeStanza(std::move(message), wrapped));
      TRY(plugin.Reply({"ok"}));
    } else if (message.type == "labels") {
      if (std::exchange(labelled, true)) return Failure("sent labels twice");
      wrapped.labels = std::move(message.args);
      TRY(plugin.Reply({"ok"}));
    } else if (message.type == "error") {
      TRY(plugin.Reply({"ok"}));
      return Failure(PluginWords(message));
    } else {
      TRY(plugin.AnswerOther(message));
    }
  }
  if (wrapped.stanzas.empty()) return Failure("sent no stanza");
  std::ranges::sort(wrapped.labels);
  return wrapped;
}

class PluginRecipient final : public Recipient {
 public:
  /// `command` says what `line` is.
  PluginRecipient(std::string name, std::string_view command, SecretPtr line, std::string text,
                  PluginHostPtr host)
      : name_(std::move(name)),
        command_(command),
        line_(std::move(line)),
        text_(std::move(text)),
        host_(std::move(host)) {}

  [[nodiscard]] Result<Wrapped> Wrap(const SecretBytes& file_key) const override {
    auto wrapped = Ask(file_key);
    if (wrapped || wrapped.error().code == Code::kResource) return wrapped;
    return PluginError(name_, wrapped.error().code, wrapped.error());
  }

  [[nodiscard]] std::string Text() const override { return text_; }

 private:
  [[nodiscard]] Result<Wrapped> Ask(const SecretBytes& file_key) const {
    PluginTurn turn(*host_, name_);
    auto plugin = TRY(PluginConversation::Start(*host_, name_, "recipient-v1", turn));
    TRY(plugin.Say({command_, AsText(line_->Expose())}));
    TRY(plugin.Say({"wrap-file-key"}, file_key.Expose()));
    TRY(plugin.Say({"extension-labels"}));
    TRY(plugin.Reply({"done"}));
    auto wrapped = Listen(plugin);
    if (wrapped) turn.Succeeded();
    return wrapped;
  }

  std::string name_;
  std::string_view command_;  // a constant
  SecretPtr line_;
  std::string text_;
  PluginHostPtr host_;
};

}  // namespace

Result<RecipientPtr> MakePluginRecipient(std::string_view text, PluginHostPtr host) {
  std::string name = TRY(PluginNameOfRecipient(text));
  auto line = std::make_shared<const SecretBytes>(TRY(SecretBytes::CopyOf(AsBytes(text))));
  return RecipientPtr(std::make_shared<PluginRecipient>(
      std::move(name), "add-recipient", std::move(line), std::string(text), std::move(host)));
}

Result<RecipientPtr> MakeRecipientOfPluginIdentity(std::string name, SecretPtr line,
                                                   PluginHostPtr host) {
  const SecretBytes print =
      TRY(crypto::HkdfSha256(line->Expose(), {}, AsBytes("secretfs plugin identity")));
  std::string text =
      "plugin " + name + " " +
      crypto::EncodeBase64(print.Expose().first(kFingerprintBytes), crypto::Padding::kNone);
  return RecipientPtr(std::make_shared<PluginRecipient>(
      std::move(name), "add-identity", std::move(line), std::move(text), std::move(host)));
}

}  // namespace secretfs::age
