#include "core/yaml.h"

#include <yaml.h>

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
        return Alias(event);
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
    Remember(TextOf(scalar.anchor), node, 1);
    return node;
  }

  Result<YamlNode> Collection(const Event& start, YamlNode::Kind kind, yaml_event_type_t end,
                              const std::string& anchor, size_t depth) {
    YamlNode node = TRY(Start(start, kind));
    const size_t before = nodes_;
    for (;;) {
      Event event;
      TRY(Next(event));
      if (event.type() == end) break;
      node.items.push_back(TRY(Node(event, depth + 1)));
    }
    Remember(anchor, node, nodes_ - before + 1);
    return node;
  }

  Result<YamlNode> Alias(const Event& event) {
    const auto found = anchors_.find(TextOf((*event).data.alias.anchor));
    if (found == anchors_.end())
      return At(event, Code::kInvalid, "alias of an anchor that is not defined");
    TRY(Count(event, found->second.nodes));
    return found->second.node;
  }

  Result<YamlNode> Start(const Event& event, YamlNode::Kind kind) {
    TRY(Count(event, 1));
    YamlNode node;
    node.kind = kind;
    node.line = (*event).start_mark.line + 1;
    node.column = (*event).start_mark.column + 1;
    return node;
  }

  Status Count(const Event& event, size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes) return At(event, Code::kTooLarge, "too many values");
    return Ok{};
  }

  void Remember(const std::string& anchor, const YamlNode& node, size_t nodes) {
    if (!anchor.empty()) anchors_[anchor] = {node, nodes};
  }

  [[nodiscard]] std::string Where(const yaml_mark_t& mark) const {
    return file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
  }
  [[nodiscard]] Error At(const Event& event, Code code, std::string what) const {
    return {code, std::move(what), Where((*event).start_mark), ""};
  }

  struct Anchor {
    YamlNode node;
    size_t nodes = 0;
  };
  yaml_parser_t parser_{};
  const std::string& file_;
  YamlLimits limits_;
  size_t nodes_ = 0;
  std::map<std::string, Anchor> anchors_;
};

}  // namespace

Result<YamlNode> ParseYaml(std::string_view text, const std::string& file,
                           const YamlLimits& limits) {
  if (text.size() > limits.bytes) {
    return Error{Code::kTooLarge, "larger than " + std::to_string(limits.bytes >> 20U) + " MiB",
                 file, ""};
  }
  return TreeBuilder(text, file, limits).Document();
}

}  // namespace secretfs
