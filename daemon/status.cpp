#include "daemon/status.h"

#include <nlohmann/json.hpp>

#include "daemon/time_text.h"

namespace secretfs {
namespace {

using Json = nlohmann::ordered_json;

Json Describe(const Error& error) {
  Json json{{"reason", error.Text()}};
  if (!error.hint.empty()) json["hint"] = error.hint;
  return json;
}

Json Describe(const Entry& entry) {
  const Entry::Report report = entry.GetReport();
  Json json{
      {"name", entry.name()}, {"origin", entry.spec().origin}, {"state", StateName(report.state)}};
  if (report.value) {
    json["version"] = report.value->version;
    json["size"] = report.value->size();
    json["changed"] = TimeText(report.value->modified);
    for (const Note& note : report.value->notes) {
      json[note.by_design ? "left_out_by_design" : "left_out"].push_back(note.text);
    }
  }
  if (report.error) json.update(Describe(*report.error));
  return json;
}

Json DescribeAll(const std::vector<File>& files) {
  Json all = Json::array();
  for (const File& file : files) {
    if (!file.entry->spec().fresh) all.push_back(Describe(*file.entry));
  }
  return all;
}

std::string Print(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string FilesJson(const std::vector<File>& files) { return Print(DescribeAll(files)); }

std::string StatusJson(const StatusFacts& facts, const std::vector<File>& files) {
  Json json{{"secretfs", facts.version},
            {"started", TimeText(facts.started)},
            {"audit_dropped", facts.audit_dropped}};
  json["identity_problems"] = Json::array();
  for (const Error& problem : facts.identity_problems)
    json["identity_problems"].push_back(Describe(problem));
  json["secrets"] = DescribeAll(files);
  return Print(json);
}

}  // namespace secretfs
