#include "core/keeper_message.h"

#include <algorithm>
#include <cstdint>

namespace secretfs {
namespace {

using Kind = KeeperRequest::Kind;

constexpr auto kLastCode = static_cast<uint32_t>(Code::kArmor);

class Writer {
 public:
  void Number(uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<std::byte>(number >> static_cast<unsigned>(shift)));
    }
  }
  void Text(std::string_view text) {
    Number(static_cast<uint32_t>(text.size()));
    const ByteView bytes = AsBytes(text);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void List(const std::vector<Kept>& all) {
    Number(static_cast<uint32_t>(all.size()));
    for (const Kept& one : all) {
      Text(one.name);
      Text(one.path);
    }
  }
  /// With its head; `more` bytes follow.
  Bytes Finish(size_t more = 0) {
    Writer head;
    head.Number(static_cast<uint32_t>(bytes_.size() + more));
    head.bytes_.insert(head.bytes_.end(), bytes_.begin(), bytes_.end());
    return std::move(head.bytes_);
  }

 private:
  Bytes bytes_;
};

class Reader {
 public:
  explicit Reader(ByteView frame) : rest_(frame) {}

  uint32_t Number() {
    if (rest_.size() < 4) {
      good_ = false;
      return 0;
    }
    uint32_t number = 0;
    for (const std::byte byte : rest_.first(4))
      number = number << 8U | std::to_integer<uint32_t>(byte);
    rest_ = rest_.subspan(4);
    return number;
  }
  std::string Text() {
    const uint32_t size = Number();
    if (size > rest_.size()) {
      good_ = false;
      return "";
    }
    std::string text(AsText(rest_.first(size)));
    rest_ = rest_.subspan(size);
    return text;
  }
  Kept One() {
    Kept one;
    one.name = Text();
    one.path = Text();
    return one;
  }
  template <class T>
  std::vector<T> List(T (Reader::*item)()) {
    std::vector<T> all;
    const uint32_t count = Number();
    for (uint32_t i = 0; i < count && good_; ++i) all.push_back((this->*item)());
    return all;
  }
  Error Problem() {
    Error error;
    const uint32_t code = Number();
    if (code > kLastCode) good_ = false;
    error.code = static_cast<Code>(std::min(code, kLastCode));
    error.what = Text();
    error.where = Text();
    error.hint = Text();
    return error;
  }
  ByteView Rest() { return std::exchange(rest_, {}); }
  /// Nothing was missing, and nothing is left.
  [[nodiscard]] bool Done() const { return good_ && rest_.empty(); }

 private:
  ByteView rest_;
  bool good_ = true;
};

Error NotAFrame() { return {Code::kInvalid, "is no message of a keeper", "", ""}; }

}  // namespace

Bytes KeeperFrame(const KeeperRequest& request) {
  Writer writer;
  writer.Number(static_cast<uint32_t>(request.kind));
  if (request.kind == Kind::kWanted) writer.List(request.links);
  writer.List(request.copies);
  return writer.Finish(request.content.size());
}

Bytes KeeperFrame(const KeeperAnswer& answer) {
  Writer writer;
  writer.Number(static_cast<uint32_t>(answer.problems.size()));
  for (const Error& problem : answer.problems) {
    writer.Number(static_cast<uint32_t>(problem.code));
    writer.Text(problem.what);
    writer.Text(problem.where);
    writer.Text(problem.hint);
  }
  writer.Number(static_cast<uint32_t>(answer.missing.size()));
  for (const std::string& path : answer.missing) writer.Text(path);
  return writer.Finish();
}

Result<size_t> FrameSize(ByteView head) {
  const size_t size = Reader(head).Number();
  if (size > kMostFrame) {
    return Error{Code::kTooLarge, "a message of a keeper is too long", "", ""};
  }
  return size;
}

Result<KeeperRequest> ParseKeeperRequest(ByteView frame) {
  Reader reader(frame);
  KeeperRequest request;
  const uint32_t kind = reader.Number();
  if (kind > static_cast<uint32_t>(Kind::kCopy)) return NotAFrame();
  request.kind = static_cast<Kind>(kind);
  if (request.kind == Kind::kWanted) request.links = reader.List(&Reader::One);
  request.copies = reader.List(&Reader::One);
  if (request.kind == Kind::kCopy) request.content = reader.Rest();
  if (!reader.Done()) return NotAFrame();
  if (request.kind == Kind::kCopy && request.copies.size() != 1) return NotAFrame();
  return request;
}

Result<KeeperAnswer> ParseKeeperAnswer(ByteView frame) {
  Reader reader(frame);
  KeeperAnswer answer;
  answer.problems = reader.List(&Reader::Problem);
  answer.missing = reader.List(&Reader::Text);
  if (!reader.Done()) return NotAFrame();
  return answer;
}

}  // namespace secretfs
