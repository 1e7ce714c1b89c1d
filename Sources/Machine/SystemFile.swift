import Foundation

/// What Linux shows of the machine in files; nothing, or a default, where a file is missing.
package enum SystemFile {
    package static var processorName: String { processorFact("model name") ?? "processor" }

    /// The make, model and instructions of the processor, which distinguish processors whose speeds
    /// may differ.
    package static var processorIdentity: String {
        [
            "vendor_id", "cpu family", "model", "stepping", "model name", "flags",
            "CPU implementer", "CPU architecture", "CPU variant", "CPU part", "CPU revision",
            "Features",
        ].compactMap { name in processorFact(name).map { "\(name) \($0)" } }
            .joined(separator: ", ")
    }

    /// A fact of the first processor in /proc/cpuinfo; nil where it is missing.
    private static func processorFact(_ name: String) -> String? {
        for line in text("/proc/cpuinfo").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == name
            else { continue }
            return parts[1].trimmingCharacters(in: .whitespaces)
        }
        return nil
    }

    /// Threads that wanted to run, on average over the last minute.
    package static var loadAverage: Double? {
        text("/proc/loadavg").split(separator: " ").first.flatMap { Double($0) }
    }

    /// The entries of /proc/meminfo in bytes.
    package static var memory: [String: Int] {
        memory(parsing: text("/proc/meminfo"))
    }

    /// Memory that this process can still have, on the machine and in its container; as much as it
    /// wants where the system does not show it.
    package static var usableBytes: Int {
        min(availableBytes ?? .max, containerFreeBytes ?? .max)
    }

    package static var availableBytes: Int? {
        let memory = memory
        return memory["MemAvailable"] ?? memory["MemFree"]
    }

    /// The memory of this process, pages that others share counted in parts (PSS).
    package static var proportionalBytes: Int? {
        memory(parsing: text("/proc/self/smaps_rollup"))["Pss"]
    }

    package static func memory(parsing text: String) -> [String: Int] {
        var entries: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split { $0 == ":" || $0.isWhitespace }
            guard words.count >= 2, let value = Int(words[1]) else { continue }
            entries[String(words[0])] = words.count > 2 && words[2] == "kB" ? value * 1024 : value
        }
        return entries
    }

    /// The entries of /proc/self/status in bytes: VmSize, VmData, VmRSS.
    static var ownMemory: [String: Int] { memory(parsing: text("/proc/self/status")) }

    /// Cores' worth of time that a container may use (control groups 2, then 1).
    package static var containerCores: Double? {
        let words = text("/sys/fs/cgroup/cpu.max").split { $0.isWhitespace }.map { Double($0) }
        if words.count == 2, let quota = words[0], let period = words[1] { return quota / period }
        guard let quota = integer("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"), quota > 0,
            let period = integer("/sys/fs/cgroup/cpu/cpu.cfs_period_us"), period > 0
        else { return nil }
        return Double(quota) / Double(period)
    }

    /// The memory limit of the container.
    package static var containerBytes: Int? { ControlGroupMemory().limitBytes }

    /// The part of the memory limit of the container that is left.
    static var containerFreeBytes: Int? { ControlGroupMemory().freeBytes }

    static func integer(_ path: String) -> Int? {
        Int(text(path).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    package static func text(_ path: String) -> String {
        // Not `contents(atPath:)`: these files tell a size of 0.
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.readToEnd()
        else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}
