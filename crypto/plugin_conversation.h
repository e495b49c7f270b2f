// A conversation with an age plugin (C2SP age-plugin.md, "IPC protocol"): stanzas there and back,
// in the strict encoding of age headers. What is said stays in locked memory, since file keys, PINs
// and identities are among it; what a plugin may say is bounded. Used by one thread.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_bytes.h"
#include "crypto/locked_buffer.h"
#include "crypto/plugin.h"
#include "crypto/plugin_turn.h"

namespace secretfs::age {

struct PluginMessage {
  std::string type;
  std::vector<std::string> args;
  SecretBytes body;
};

class PluginConversation {
 public:
  using Words = std::span<const std::string_view>;

  /// Starts the plugin. `host` and `turn` must outlive the conversation. Errors: the host's,
  /// kResource.
  static Result<PluginConversation> Start(PluginHost& host, const std::string& name,
                                          std::string_view state_machine, PluginTurn& turn);

  /// A stanza to be sent: its type, then its arguments. Errors: kResource.
  Status Say(Words words, ByteView body = {});
  Status Say(std::initializer_list<std::string_view> words, ByteView body = {}) {
    return Say(Words(words.begin(), words.size()), body);
  }
  /// Sends all that was said. Errors: the channel's.
  Status Send();
  /// Say and Send.
  Status Reply(std::initializer_list<std::string_view> words, ByteView body = {});

  /// The plugin's next stanza. Errors: the channel's; kUnavailable when what comes is none, ends
  /// early, or is too much; kResource.
  Result<PluginMessage> Next();

  /// Answers what is the same in both state machines: messages and questions to the user, and
  /// commands that are not known, as grease is not.
  Status AnswerOther(const PluginMessage& message);

 private:
  PluginConversation(PluginHost& host, std::string name, std::unique_ptr<PluginChannel> channel,
                     crypto::LockedBuffer buffer, PluginTurn& turn);
  Result<std::string_view> NextLine();
  Result<SecretBytes> NextBody();
  Status ReadMore();
  Status AnswerSecret(const PluginMessage& message);

  PluginHost* host_;
  PluginTurn* turn_;
  std::string name_;
  std::unique_ptr<PluginChannel> channel_;
  std::unique_ptr<SecretBuilder> out_;
  crypto::LockedBuffer buffer_;  // what came, from begin_ to end_ not yet taken
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t came_ = 0;  // bytes, in all
};

/// The body of an `error` or `msg`, which is meant for people, fit to be shown.
std::string PluginWords(const PluginMessage& message);

/// "age-plugin-NAME: what", as `code`.
Error PluginError(const std::string& name, Code code, const Error& cause);

}  // namespace secretfs::age
