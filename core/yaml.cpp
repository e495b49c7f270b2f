#include "core/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <map>
#include <memory>

namespace secretfs {
namespace {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }
  yaml_event_t* get() { return &event_; }
  [[nodiscard]] const yaml_event_t& operator*() const { return event_; }
  [[nodiscard]] yaml_event_type_t type() const { return event_.type; }

 private:
  yaml_event_t event_{};
};

std::string TextOf(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

class TreeBuilder {
 public:
  TreeBuilder(std::string_view text, const std::string& file, const YamlLimits& limits)
      : file_(file), limits_(limits) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  TreeBuilder(const TreeBuilder&) = delete;
  TreeBuilder& operator=(const TreeBuilder&) = delete;
  ~TreeBuilder() { yaml_parser_delete(&parser_); }

  Result<YamlNode> Document() {
    YamlNode root;
    root.kind = YamlNode::Kind::kMap;
    root.line = root.column = 1;
    bool seen = false;
    for (;;) {
      Event event;
      TRY(Next(event));
      switch (event.type()) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
          break;
        case YAML_STREAM_END_EVENT:
          return root;
        case YAML_DOCUMENT_START_EVENT:
          if (seen) return At(event, Code::kInvalid, "more than one document");
          seen = true;
          break;
        default:
          root = TRY(Node(event, 0));
      }
    }
  }

 private:
  Status Next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) != 0) return Ok{};
    const bool byte_problem = parser_.error == YAML_READER_ERROR;
    const std::string what = parser_.problem == nullptr ? "is not YAML" : parser_.problem;
    if (byte_problem) {
      return Error{Code::kInvalid, what + " (byte " + std::to_string(parser_.problem_offset) + ")",
                   file_, "the file must be UTF-8 text"};
    }
    return Error{Code::kInvalid, what, Where(parser_.problem_mark), ""};
  }

  Result<YamlNode> Node(const Event& event, size_t depth) {
    if (depth > limits_.depth) return At(event, Code::kTooLarge, "nested too deeply");
    switch (event.type()) {
      case YAML_SCALAR_EVENT:
        return Scalar(event);
      case YAML_ALIAS_EVENT:
        return Alias(event, depth);
      case YAML_SEQUENCE_START_EVENT: {
        const std::string anchor = TextOf((*event).data.sequence_start.anchor);
        return Collection(event, YamlNode::Kind::kList, YAML_SEQUENCE_END_EVENT, anchor, depth);
      }
      case YAML_MAPPING_START_EVENT: {
        const std::string anchor = TextOf((*event).data.mapping_start.anchor);
        return Collection(event, YamlNode::Kind::kMap, YAML_MAPPING_END_EVENT, anchor, depth);
      }
      default:
        return At(event, Code::kInvalid, "is not YAML");
    }
  }

  Result<YamlNode> Scalar(const Event& event) {
    const auto& scalar = (*event).data.scalar;
    YamlNode node = TRY(Start(event, YamlNode::Kind::kScalar));
    node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    node.plain = scalar.style == YAML_PLAIN_SCALAR_STYLE;
    TRY(Count(event, {0, node.text.size(), 0}));
    TRY(Remember(event, TextOf(scalar.anchor), node));
    return node;
  }

  Result<YamlNode> Collection(const Event& start, YamlNode::Kind kind, yaml_event_type_t end,
                              const std::string& anchor, size_t depth) {
    YamlNode node = TRY(Start(start, kind));
    for (;;) {
      Event event;
      TRY(Next(event));
      if (event.type() == end) break;
      node.items.push_back(TRY(Node(event, depth + 1)));
    }
    TRY(Remember(start, anchor, node));
    return node;
  }

  Result<YamlNode> Alias(const Event& event, size_t depth) {
    const auto found = anchors_.find(TextOf((*event).data.alias.anchor));
    if (found == anchors_.end())
      return At(event, Code::kInvalid, "alias of an anchor that is not defined");
    const Extent& extent = found->second.extent;
    if (depth + extent.height > limits_.depth + 1)
      return At(event, Code::kTooLarge, "nested too deeply");
    TRY(Count(event, extent));
    return found->second.node;
  }

  Result<YamlNode> Start(const Event& event, YamlNode::Kind kind) {
    TRY(Count(event, {1, 0, 0}));
    YamlNode node;
    node.kind = kind;
    node.line = (*event).start_mark.line + 1;
    node.column = (*event).start_mark.column + 1;
    return node;
  }

  struct Extent {
    size_t nodes = 0;
    size_t bytes = 0;  // of text
    size_t height = 0;
  };
  static Extent ExtentOf(const YamlNode& node) {
    Extent extent{1, node.text.size(), 1};
    for (const YamlNode& item : node.items) {
      const Extent inner = ExtentOf(item);
      extent.nodes += inner.nodes;
      extent.bytes += inner.bytes;
      extent.height = std::max(extent.height, inner.height + 1);
    }
    return extent;
  }

  /// Everything that is kept counts, so that neither aliases nor anchors can multiply a text.
  Status Count(const Event& event, const Extent& more) {
    total_.nodes += more.nodes;
    total_.bytes += more.bytes;
    if (total_.nodes > limits_.nodes) return At(event, Code::kTooLarge, "too many values");
    // Without aliases there is at most half as much again, from escapes such as \L.
    if (total_.bytes > 2 * limits_.bytes)
      return At(event, Code::kTooLarge, "too much text once aliases are filled in");
    return Ok{};
  }

  Status Remember(const Event& event, const std::string& anchor, const YamlNode& node) {
    if (anchor.empty()) return Ok{};
    const Extent extent = ExtentOf(node);
    TRY(Count(event, extent));
    anchors_[anchor] = {node, extent};
    return Ok{};
  }

  [[nodiscard]] std::string Where(const yaml_mark_t& mark) const {
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }
  [[nodiscard]] Error At(const Event& event, Code code, std::string what) const {
    return {code, std::move(what), Where((*event).start_mark), ""};
  }

  struct Anchor {
    YamlNode node;
    Extent extent;
  };
  yaml_parser_t parser_{};
  const std::string& file_;
  YamlLimits limits_;
  Extent total_;
  std::map<std::string, Anchor> anchors_;
};

/// libyaml compares each %TAG with all before it, and takes minutes for a text of nothing else.
bool HasManyTags(std::string_view text) {
  constexpr int kMost = 100;
  int tags = 0;
  for (size_t at = text.find("%TAG"); at != std::string_view::npos; at = text.find("%TAG", at + 1))
    ++tags;
  return tags > kMost;
}

}  // namespace

Result<YamlNode> ParseYaml(std::string_view text, const std::string& file,
                           const YamlLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error{Code::kTooLarge, "larger than " + std::to_string(limits.bytes >> 20U) + " MiB",
                 file, ""};
  }
  if (HasManyTags(text)) return Error{Code::kTooLarge, "too many %TAG directives", file, ""};
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // libyaml counts it as a column
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return TreeBuilder(text, file, limits).Document();
}

}  // namespace secretfs
