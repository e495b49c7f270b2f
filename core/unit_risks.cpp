#include "core/unit_risks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "core/unit_name.h"

namespace secretfs {
namespace {

enum class Form { kEnvironmentFile, kCondition, kPath };

struct Directive {
  std::string_view section;  // "" is any
  std::string_view key;
  Form form;
  /// An empty assignment takes back all of the same group that came before; "" has no such thing.
  std::string_view list;
  bool is_pattern = false;
  bool follow_last = true;
};

constexpr Directive Condition(std::string_view key, bool is_pattern = false,
                              bool follow_last = true) {
  return {"Unit", key, Form::kCondition, "Condition", is_pattern, follow_last};
}
constexpr Directive Path(std::string_view key, bool is_pattern = false) {
  return {"Path", key, Form::kPath, "Path", is_pattern};
}
constexpr Directive Listen(std::string_view key) { return {"Socket", key, Form::kPath, "Listen"}; }

/// (systemd.unit(5), systemd.exec(5), systemd.path(5), systemd.service(5), systemd.socket(5))
constexpr Directive kDirectives[] = {
    {"", "EnvironmentFile", Form::kEnvironmentFile, "EnvironmentFile", true},
    Condition("PathExists"),
    Condition("PathExistsGlob", true),
    Condition("PathIsDirectory"),
    Condition("PathIsSymbolicLink", false, false),
    Condition("PathIsMountPoint"),
    Condition("PathIsReadWrite"),
    Condition("PathIsEncrypted"),
    Condition("DirectoryNotEmpty"),
    Condition("FileNotEmpty"),
    Condition("FileIsExecutable"),
    Path("PathExists"),
    Path("PathExistsGlob", true),
    Path("PathChanged"),
    Path("PathModified"),
    Path("DirectoryNotEmpty"),
    Listen("ListenStream"),
    Listen("ListenDatagram"),
    Listen("ListenSequentialPacket"),
    Listen("ListenFIFO"),
    Listen("ListenSpecial"),
    {"Service", "PIDFile", Form::kPath, ""},
    {"Unit", "SourcePath", Form::kPath, ""},
};

/// "Condition" or "Assert", which a key of Form::kCondition begins with.
std::string_view ConditionKind(std::string_view key) {
  for (const std::string_view kind : {"Condition", "Assert"}) {
    if (key.starts_with(kind)) return kind;
  }
  return "";
}

const Directive* Find(const UnitAssignment& assignment) {
  const auto fits = [&](const Directive& directive) {
    if (!directive.section.empty() && directive.section != assignment.section) return false;
    std::string_view key = assignment.key;
    if (directive.form == Form::kCondition) {
      const std::string_view kind = ConditionKind(key);
      if (kind.empty()) return false;
      key.remove_prefix(kind.size());
    }
    return key == directive.key;
  };
  const auto* found = std::ranges::find_if(kDirectives, fits);
  return found == std::end(kDirectives) ? nullptr : found;
}

/// The path in a value, with what stands before it taken off.
std::string_view PathIn(std::string_view value, Form form) {
  const auto take = [&value](char c) {
    if (!value.starts_with(c)) return;
    value.remove_prefix(1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  };
  if (form == Form::kCondition) {
    take('|');
    take('!');
  }
  if (form == Form::kEnvironmentFile && value.starts_with('-')) value.remove_prefix(1);
  return value;
}

/// systemd passes such a path over.
bool HasDotDot(std::string_view path) {
  const std::string whole = std::string(path) + "/";
  return whole.find("/../") != std::string::npos;
}

struct UnitParts {
  std::string name;  // all of it
  std::string full_prefix;
  std::string_view prefix;    // before the '@'
  std::string_view instance;  // after it
  bool is_template = false;   // without an instance
};

UnitParts PartsOf(std::string_view unit) {
  UnitParts parts;
  parts.name = unit;
  const std::string_view suffix = UnitSuffix(unit);
  std::string_view stem = unit.substr(0, unit.size() - std::min(unit.size(), suffix.size() + 1));
  parts.full_prefix = stem;
  const size_t at = stem.find('@');
  parts.prefix = stem.substr(0, at);
  if (at != std::string_view::npos) parts.instance = stem.substr(at + 1);
  parts.is_template = at != std::string_view::npos && parts.instance.empty();
  return parts;
}

/// (systemd-escape(1))
std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '-') {
      out += '/';
    } else if (text.substr(i).starts_with("\\x") && i + 4 <= text.size() &&
               std::from_chars(text.data() + i + 2, text.data() + i + 4, byte, 16).ptr ==
                   text.data() + i + 4) {
      out += static_cast<char>(byte);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string Specifier(char letter, const UnitParts& parts) {
  constexpr std::pair<char, std::string_view> kFolders[] = {
      {'%', "%"},    {'t', "/run"}, {'S', "/var/lib"}, {'C', "/var/cache"}, {'L', "/var/log"},
      {'E', "/etc"}, {'T', "/tmp"}, {'V', "/var/tmp"}, {'h', "/root"},      {'u', "root"},
      {'U', "0"},    {'g', "root"}, {'G', "0"},        {'s', "/bin/sh"},
  };
  for (const auto& [known, text] : kFolders) {
    if (known == letter) return std::string(text);
  }
  const std::string unknown(1, PathTrace::kUnknown);
  const std::string_view last = parts.prefix.substr(parts.prefix.rfind('-') + 1);
  switch (letter) {
    case 'p':
      return std::string(parts.prefix);
    case 'P':
      return Unescape(parts.prefix);
    case 'j':
      return std::string(last);
    case 'J':
      return Unescape(last);
    case 'i':
    case 'I':
      if (parts.is_template) return unknown;
      return letter == 'i' ? std::string(parts.instance) : Unescape(parts.instance);
    case 'f':
      if (parts.is_template) return unknown;
      return "/" + Unescape(parts.instance.empty() ? parts.prefix : parts.instance);
    case 'n':
      return parts.is_template ? unknown : parts.name;
    case 'N':
      return parts.is_template ? unknown : parts.full_prefix;
    case 'd':
      return parts.is_template ? unknown : "/run/credentials/" + parts.name;
    default:
      return unknown;
  }
}

}  // namespace

std::string ExpandSpecifiers(std::string_view text, std::string_view unit) {
  const UnitParts parts = PartsOf(unit);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 == text.size()) {
      out += text[i];
    } else {
      out += Specifier(text[++i], parts);
    }
  }
  return out;
}

std::vector<UnitRisk> RisksOf(const std::string& unit, std::span<const UnitFile> files,
                              const PathTrace& trace) {
  struct Found {
    UnitRisk risk;
    std::string list;
  };
  std::vector<Found> found;
  for (const UnitFile& file : files) {
    for (const UnitAssignment& assignment : file.assignments) {
      const Directive* directive = Find(assignment);
      if (directive == nullptr) continue;
      std::string list(directive->list);
      if (directive->form == Form::kCondition) list = ConditionKind(assignment.key);
      if (assignment.value.empty()) {
        std::erase_if(found, [&](const Found& old) {
          return list.empty() ? old.risk.directive == assignment.key : old.list == list;
        });
        continue;
      }
      const std::string value(PathIn(assignment.value, directive->form));
      std::string path = ExpandSpecifiers(value, unit);
      if (directive->form == Form::kEnvironmentFile && path.starts_with('-')) path.erase(0, 1);
      if (directive->key == "PIDFile" && !path.starts_with('/')) path.insert(0, "/run/");
      if (HasDotDot(path)) continue;
      const auto below = trace.Into(path, {directive->follow_last, directive->is_pattern});
      if (!below) continue;
      // Of those that are no lists the last one counts.
      if (list.empty()) {
        std::erase_if(found,
                      [&](const Found& old) { return old.risk.directive == assignment.key; });
      }
      found.push_back(
          {{unit, file.path, assignment.line, assignment.key, assignment.value, *below}, list});
    }
  }
  std::vector<UnitRisk> risks;
  for (Found& one : found) risks.push_back(std::move(one.risk));
  return risks;
}

}  // namespace secretfs
