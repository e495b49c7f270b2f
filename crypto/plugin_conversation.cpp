#include "crypto/plugin_conversation.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "crypto/base64.h"
#include "crypto/init.h"
#include "crypto/stanza.h"

namespace secretfs::age {
namespace {

using crypto::DecodeBase64Into;
using crypto::DecodedCapacity;
using crypto::Padding;

constexpr size_t kLongestLine = size_t{16} << 10U;  // a hybrid stanza's first is 1.5 KiB
constexpr size_t kLargestBody = size_t{64} << 10U;
constexpr size_t kMostBytes = size_t{1} << 20U;  // of a whole conversation, as of a header
constexpr size_t kSendFrom = size_t{16} << 10U;  // so that little waits in locked memory
constexpr size_t kMostWords = 400;               // bytes of what a plugin tells

Error Breach(std::string_view what) { return {Code::kUnavailable, std::string(what), "", ""}; }

}  // namespace

std::string PluginWords(const PluginMessage& message) {
  std::string_view text = AsText(message.body.Expose());
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string words = Printable(text.substr(0, kMostWords));
  if (text.size() > kMostWords) words += "...";
  return words;
}

Error PluginError(const std::string& name, Code code, const Error& cause) {
  return {code, "age-plugin-" + name + ": " + cause.what, "", cause.hint};
}

PluginConversation::PluginConversation(PluginHost& host, std::string name,
                                       std::unique_ptr<PluginChannel> channel,
                                       crypto::LockedBuffer buffer, PluginTurn& turn)
    : host_(&host),
      turn_(&turn),
      name_(std::move(name)),
      channel_(std::move(channel)),
      out_(std::make_unique<SecretBuilder>()),
      buffer_(std::move(buffer)) {}

Result<PluginConversation> PluginConversation::Start(PluginHost& host, const std::string& name,
                                                     std::string_view state_machine,
                                                     PluginTurn& turn) {
  TRY(InitCrypto());
  auto buffer = TRY(crypto::LockedBuffer::Make(kLongestLine));
  auto channel = TRY(host.Start(name, state_machine));
  return PluginConversation(host, name, std::move(channel), std::move(buffer), turn);
}

Status PluginConversation::Say(Words words, ByteView body) {
  const SecretBytes lines = TRY(PrintSecretStanzaBody(body));
  out_->Append("->");
  for (const std::string_view word : words) out_->Append(' ').Append(word);
  out_->Append('\n').Append(lines.Expose());
  if (out_->size() >= kSendFrom) return Send();
  return Ok{};
}

Status PluginConversation::Send() {
  const SecretBytes bytes = TRY(out_->Finish());
  return channel_->Write(bytes.Expose());
}

Status PluginConversation::Reply(std::initializer_list<std::string_view> words, ByteView body) {
  TRY(Say(words, body));
  return Send();
}

/// Into the rest of the buffer, which has room.
Status PluginConversation::ReadMore() {
  const ByteSpan all = buffer_.bytes();
  if (begin_ > 0) {
    std::memmove(all.data(), all.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  if (end_ == all.size()) return Breach("sent a line that is too long");
  const size_t n = TRY(channel_->Read(all.subspan(end_)));
  if (n == 0) {
    return came_ == 0 ? Breach("ended without a word")
                      : Breach("ended in the middle of the conversation");
  }
  end_ += n;
  came_ += n;
  if (came_ > kMostBytes) return Breach("sent too much");
  return Ok{};
}

/// Without its LF; it is there until the next call.
Result<std::string_view> PluginConversation::NextLine() {
  for (size_t searched = 0;;) {
    const std::string_view waiting = AsText(buffer_.bytes().subspan(begin_, end_ - begin_));
    const size_t length = waiting.find('\n', searched);
    if (length != std::string_view::npos) {
      begin_ += length + 1;
      return waiting.substr(0, length);
    }
    searched = waiting.size();
    TRY(ReadMore());
  }
}

/// Full lines of 64 columns, then a shorter one, which may be empty.
Result<SecretBytes> PluginConversation::NextBody() {
  const auto piece = TRY(crypto::LockedBuffer::Make(DecodedCapacity(kStanzaColumns)));
  SecretBuilder body(DecodedCapacity(kStanzaColumns));
  while (true) {
    const std::string_view line = TRY(NextLine());
    const auto size = line.size() > kStanzaColumns
                          ? std::nullopt
                          : DecodeBase64Into(piece.bytes(), line, Padding::kNone);
    if (!size) return Breach("sent a body line that is not canonical base64 of 64 columns");
    body.Append(piece.bytes().first(*size));
    if (line.size() < kStanzaColumns) return body.Finish();
    if (body.size() > kLargestBody) return Breach("sent a body that is too large");
  }
}

Result<PluginMessage> PluginConversation::Next() {
  auto words = SplitStanzaLine(TRY(NextLine()));
  if (!words) return Breach("sent what is not a stanza");
  PluginMessage message;
  message.type = std::move(words->front());
  message.args.assign(std::make_move_iterator(words->begin() + 1),
                      std::make_move_iterator(words->end()));
  message.body = TRY(NextBody());
  return message;
}

Status PluginConversation::AnswerSecret(const PluginMessage& message) {
  if (!turn_->MayGive()) return Reply({"fail"});
  const auto secret = host_->Secret(name_, PluginWords(message));
  if (!secret) return Reply({"fail"});
  turn_->Giving();
  return Reply({"ok"}, secret->Expose());
}

Status PluginConversation::AnswerOther(const PluginMessage& message) {
  if (message.type == "msg") {
    host_->Tell(name_, PluginWords(message));
    return Reply({"ok"});
  }
  if (message.type == "request-secret") return AnswerSecret(message);
  // There is nobody to ask; a secret is no answer to a question for something public.
  if (message.type == "request-public" || message.type == "confirm") return Reply({"fail"});
  return Reply({"unsupported"});
}

}  // namespace secretfs::age
