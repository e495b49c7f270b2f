// Looks for needles in a file (such as a core) or in the memory of a process.
//   memory_scan NEEDLES FILE         in the whole file
//   memory_scan NEEDLES --open PID   in what a core dump would hold: not in mappings marked "do not
//                                    dump" (VmFlags dd)
//   memory_scan NEEDLES --pool PID   in those that are marked, each of which must be locked (lo)
// NEEDLES has a line "NAME HEX" for each. Prints a line "NAME WHERE" for each that is found; the
// exit code is 0, or 2 when the scan itself fails, since a scan that sees nothing proves nothing.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Needle {
  std::string name;
  std::string bytes;
};

struct Mapping {
  uint64_t begin = 0;
  uint64_t end = 0;
  bool readable = false;
  std::string name;
  std::string flags;  // " rd wr mr ... "
  [[nodiscard]] bool Has(const std::string& flag) const {
    return flags.find(" " + flag + " ") != std::string::npos;
  }
};

[[noreturn]] void Die(const std::string& why) {
  std::cerr << "memory_scan: " << why << "\n";
  std::exit(2);
}

std::vector<Needle> ReadNeedles(const std::string& path) {
  std::ifstream in(path);
  std::vector<Needle> needles;
  std::string name;
  std::string hex;
  while (in >> name >> hex) {
    std::string bytes;
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    if (bytes.size() < 8) Die("needle " + name + " is too short to mean anything");
    needles.push_back({name, bytes});
  }
  if (needles.empty()) Die("no needles in " + path);
  return needles;
}

/// The first place of each needle, in one pass: there are hundreds, and a core is large.
void Search(const std::vector<Needle>& needles, std::string_view hay, uint64_t offset,
            const std::string& where) {
  const auto key_of = [](std::string_view text) {
    return static_cast<size_t>(static_cast<unsigned char>(text[0])) << 8U |
           static_cast<unsigned char>(text[1]);
  };
  std::vector<std::vector<size_t>> by_key(65536);
  for (size_t n = 0; n < needles.size(); ++n) by_key[key_of(needles[n].bytes)].push_back(n);
  std::vector<std::optional<size_t>> places(needles.size());
  for (size_t at = 0; at + 1 < hay.size(); ++at) {
    const std::string_view rest = hay.substr(at);
    for (const size_t n : by_key[key_of(rest)]) {
      if (!places[n] && rest.starts_with(needles[n].bytes)) places[n] = at;
    }
  }
  for (size_t n = 0; n < needles.size(); ++n) {
    if (!places[n]) continue;
    std::printf("%s %s+%llx\n", needles[n].name.c_str(), where.c_str(),
                static_cast<unsigned long long>(offset + *places[n]));
  }
}

void ScanFile(const std::vector<Needle>& needles, const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat st {};
  if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0) Die("cannot read " + path);
  const auto size = static_cast<size_t>(st.st_size);
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) Die("cannot map " + path);
  Search(needles, {static_cast<const char*>(data), size}, 0, "file");
}

std::vector<Mapping> ReadMappings(const std::string& pid) {
  std::ifstream in("/proc/" + pid + "/smaps");
  std::vector<Mapping> mappings;
  for (std::string line; std::getline(in, line);) {
    unsigned long long begin = 0;
    unsigned long long end = 0;
    char rights[5] = {};
    if (std::sscanf(line.c_str(), "%llx-%llx %4s", &begin, &end, rights) == 3) {
      const size_t path = line.find_first_of("/[");
      mappings.push_back({begin, end, rights[0] == 'r',
                          path == std::string::npos ? "anonymous" : line.substr(path), ""});
    } else if (line.starts_with("VmFlags:") && !mappings.empty()) {
      mappings.back().flags = line.substr(8) + " ";
    }
  }
  if (mappings.empty()) Die("cannot read the mappings of " + pid);
  return mappings;
}

/// Pages that cannot be read (nobody touched them yet, or they are beyond a file's end) as zeros;
/// empty when none can.
std::string ReadMapping(int memory, const Mapping& mapping) {
  constexpr size_t kPage = 4096;
  std::string bytes(mapping.end - mapping.begin, '\0');
  bool any = false;
  for (size_t at = 0; at < bytes.size();) {
    const ssize_t n =
        pread(memory, bytes.data() + at, bytes.size() - at, static_cast<off_t>(mapping.begin + at));
    any |= n > 0;
    at = n > 0 ? at + static_cast<size_t>(n) : (at / kPage + 1) * kPage;
  }
  return any ? bytes : "";
}

void ScanProcess(const std::vector<Needle>& needles, const std::string& pid, bool pool) {
  const int memory = open(("/proc/" + pid + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory < 0) Die("cannot read the memory of " + pid);
  size_t scanned = 0;
  for (const Mapping& mapping : ReadMappings(pid)) {
    if (mapping.Has("dd") != pool || !mapping.readable || mapping.name.starts_with("[v")) continue;
    if (pool && !mapping.Has("lo")) {
      std::printf("not-locked %llx\n", static_cast<unsigned long long>(mapping.begin));
    }
    const std::string bytes = ReadMapping(memory, mapping);
    scanned += bytes.size();
    Search(needles, bytes, mapping.begin, mapping.name);
  }
  if (scanned == 0) Die("nothing of the memory of " + pid + " could be read");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) Die("wrong usage");
  const std::vector<Needle> needles = ReadNeedles(argv[1]);
  const std::string what = argv[2];
  if (what == "--open" || what == "--pool") {
    if (argc != 4) Die("wrong usage");
    ScanProcess(needles, argv[3], what == "--pool");
  } else {
    ScanFile(needles, what);
  }
  return 0;
}
