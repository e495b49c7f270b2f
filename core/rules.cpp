#include "core/rules.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "core/config_read.h"
#include "core/glob.h"
#include "core/yaml.h"

namespace secretfs {
namespace {

using config_read::Map;
using config_read::Scalar;

constexpr std::string_view kRecipientHint =
    "a recipient is age1... or an SSH public key; a name is declared in 'recipients'";

/// Recipients have a form of their own, so that a misspelt one is not taken for a name.
bool LooksLikeRecipient(std::string_view text) {
  return text.starts_with("age1") || text.starts_with("ssh-");
}

/// Names are quoted in complaints. Secret keys, given by mistake, have not this form: they are
/// longer, or begin with AGE-.
bool IsName(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@-";
  constexpr size_t kLongest = 63;
  return !text.empty() && text.size() <= kLongest && !LooksLikeRecipient(text) &&
         !text.starts_with("AGE-") && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

class RulesLoader {
 public:
  explicit RulesLoader(const ConfigText& text) : text_(text) {}

  Result<Rules> Load() {
    const YamlNode root = TRY(ParseYaml(text_.text, text_.file));
    const Map top = TRY(Map::Of(root, text_, "the rules file"));
    TRY(top.OnlyKeys(std::vector<std::string>{"recipients", "rules", "identities"}));
    rules_.folder = text_.folder;
    TRY(DeclareNames(top));
    // Those that no rule uses are checked as well.
    for (const auto& [name, group] : groups_) TRY(ResolveName(name, *group.node));
    TRY(LoadIdentities(top));
    TRY(LoadAllRules(top));
    return std::move(rules_);
  }

 private:
  using Sources = std::vector<RecipientSource>;

  struct Group {
    const YamlNode* node = nullptr;  // its value
    bool open = false;               // being resolved: whoever comes back here has gone in a circle
    std::optional<Sources> resolved;
  };

  Status DeclareNames(const Map& top) {
    const YamlNode* node = top.Find("recipients");
    if (node == nullptr) return Ok{};
    const Map named = TRY(Map::Of(*node, text_, "'recipients'"));
    for (const auto& [key, value] : named.pairs()) {
      if (!IsName(key->text)) {
        return At(*key, "is not a name for recipients",
                  "a name has up to 63 letters, digits and any of _ . @ -, and does not begin as a "
                  "key does");
      }
      groups_[key->text].node = value;
      names_.push_back(key->text);
    }
    return Ok{};
  }

  Status LoadIdentities(const Map& top) {
    const YamlNode* list = top.Find("identities");
    if (list == nullptr) return Ok{};
    if (list->kind != YamlNode::Kind::kList)
      return At(*list, "'identities' must be a list of files",
                "as in identities: [~/.ssh/id_ed25519]");
    for (const YamlNode& item : list->items) {
      const std::string path = TRY(Scalar(top, item, "an identity"));
      rules_.identities.push_back(path.starts_with("~/") ? path
                                                         : TRY(top.AbsolutePath(item, path)));
    }
    return Ok{};
  }

  Status LoadAllRules(const Map& top) {
    const YamlNode* list = top.Find("rules");
    if (list == nullptr) return At(top.node(), "'rules' is missing", RuleHint());
    if (list->kind != YamlNode::Kind::kList) return At(*list, "'rules' must be a list", RuleHint());
    for (const YamlNode& item : list->items) {
      const Map map = TRY(Map::Of(item, text_, "a rule"));
      rules_.rules.push_back(TRY(LoadRule(map)));
    }
    return Ok{};
  }

  Result<FileRule> LoadRule(const Map& map) {
    TRY(map.OnlyKeys(std::vector<std::string>{"files", "recipients", "armor"}));
    FileRule rule;
    rule.place = map.PlaceOf(map.node());
    const YamlNode* files = map.Find("files");
    if (files == nullptr) return At(map.node(), "the rule has no 'files'", RuleHint());
    TRY(LoadGlobs(map, *files, rule.globs));
    const YamlNode* recipients = map.Find("recipients");
    if (recipients == nullptr) return At(map.node(), "the rule has no 'recipients'", RuleHint());
    TRY(Collect(*recipients, "'recipients'", rule.recipients));
    if (const YamlNode* armor = map.Find("armor")) rule.armored = TRY(Bool(*armor, "'armor'"));
    return rule;
  }

  Status LoadGlobs(const Map& map, const YamlNode& node, std::vector<std::string>& globs) {
    if (node.kind == YamlNode::Kind::kList) {
      for (const YamlNode& item : node.items) {
        if (item.kind == YamlNode::Kind::kList) return At(item, "a pattern must be plain text", "");
        TRY(LoadGlobs(map, item, globs));
      }
      if (globs.empty()) return At(node, "'files' is empty", "");
      return Ok{};
    }
    const std::string glob = TRY(Scalar(map, node, "'files'"));
    if (const auto problem = GlobProblem(glob)) {
      return At(node, "pattern " + Quote(glob) + " " + *problem,
                "as in \"hosts/*.age\" or \"**/*.age\", below the folder of the rules file; give a "
                "list for alternatives, and a backslash before what is meant as it stands");
    }
    globs.push_back(glob);
    return Ok{};
  }

  Result<bool> Bool(const YamlNode& node, const std::string& what) const {
    const bool plain = node.kind == YamlNode::Kind::kScalar && node.plain;
    if (plain && node.text == "true") return true;
    if (plain && node.text == "false") return false;
    return At(node, what + " must be true or false", "");
  }

  /// Adds what `node` stands for: a recipient, a name, a file, or a list of these.
  Status Collect(const YamlNode& node, const std::string& what, Sources& into) {
    const size_t before = into.size();
    if (node.kind == YamlNode::Kind::kList) {
      for (const YamlNode& item : node.items) {
        if (item.kind == YamlNode::Kind::kList)
          return At(item, "a list of recipients stands in another", "");
        TRY(CollectOne(item, what, into));
      }
    } else {
      TRY(CollectOne(node, what, into));
    }
    if (into.size() == before) {
      return At(node, what + " is empty", "what is encrypted to nobody, nobody can open");
    }
    return Ok{};
  }

  Status CollectOne(const YamlNode& node, const std::string& what, Sources& into) {
    if (node.kind == YamlNode::Kind::kMap) return CollectFile(node, what, into);
    if (node.text.empty()) return At(node, what + " is empty", std::string(kRecipientHint));
    if (LooksLikeRecipient(node.text)) {
      return Add({node.text, "", PlaceOf(node)}, node, into);
    }
    for (const RecipientSource& source : TRY(ResolveName(node.text, node)))
      TRY(Add(source, node, into));
    return Ok{};
  }

  Status CollectFile(const YamlNode& node, const std::string& what, Sources& into) {
    const Map map = TRY(Map::Of(node, text_, what));
    TRY(map.OnlyKeys(std::vector<std::string>{"file"}));
    const std::string path = TRY(map.Path("file"));
    return Add({"", path, PlaceOf(node)}, node, into);
  }

  /// The limits keep names of names from multiplying a small text into a large one.
  Status Add(const RecipientSource& source, const YamlNode& user, Sources& into) {
    constexpr size_t kMostTogether = 1000;  // a header has at most 1024 stanzas
    constexpr size_t kMostInAll = 100'000;
    if (++added_ > kMostInAll || into.size() > kMostTogether)
      return At(user, "too many recipients once names are filled in", "");
    if (std::find(into.begin(), into.end(), source) == into.end()) into.push_back(source);
    return Ok{};
  }

  /// `user` is where the name is used.
  Result<Sources> ResolveName(const std::string& name, const YamlNode& user) {
    if (!IsName(name))
      return At(user, "is neither a recipient nor a name", std::string(kRecipientHint));
    const auto found = groups_.find(name);
    if (found == groups_.end()) {
      return At(user, "unknown recipient " + Quote(name), SuggestFrom(name, names_, "declared"));
    }
    Group& group = found->second;
    if (group.open) return At(user, Quote(name) + " leads back to itself", "");
    if (!group.resolved) {
      constexpr size_t kDeepest = 32;
      if (depth_ == kDeepest) return At(user, "names lead to names too deeply", "");
      ++depth_;
      group.open = true;
      Sources sources;
      TRY(Collect(*group.node, Quote(name), sources));
      group.open = false;
      --depth_;
      group.resolved = std::move(sources);
    }
    return *group.resolved;
  }

  static std::string RuleHint() { return "as in rules: [{files: \"*.age\", recipients: [alice]}]"; }
  [[nodiscard]] Place PlaceOf(const YamlNode& node) const {
    return {text_.file, node.line, node.column};
  }
  [[nodiscard]] Error At(const YamlNode& node, std::string what, std::string hint) const {
    return {Code::kInvalid, std::move(what), PlaceOf(node).Text(), std::move(hint)};
  }

  const ConfigText& text_;
  std::map<std::string, Group> groups_;
  std::vector<std::string> names_;  // in the file's order
  size_t added_ = 0;
  size_t depth_ = 0;
  Rules rules_;
};

}  // namespace

const FileRule* Rules::Find(std::string_view path) const {
  for (const FileRule& rule : rules) {
    const auto fits = [&](const std::string& glob) { return GlobMatches(glob, path); };
    if (std::any_of(rule.globs.begin(), rule.globs.end(), fits)) return &rule;
  }
  return nullptr;
}

Result<Rules> LoadRules(const ConfigText& text) { return RulesLoader(text).Load(); }

}  // namespace secretfs
