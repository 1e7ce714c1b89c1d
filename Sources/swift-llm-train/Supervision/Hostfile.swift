import Diagnostics
import Files
import Foundation

/// A machine of the cluster and the number of ranks that it runs.
struct Host: Equatable, Sendable, CustomStringConvertible {
    var name: String
    var slots: Int

    var description: String { "\(name) (\(slots))" }
}

/// An OpenMPI hostfile: a line `NAME slots=N` for each host; `#` begins a comment.
struct Hostfile {
    let hosts: [Host]

    /// - Throws: A usage `Failure` for a file that cannot be read, a line without slots, a host named
    ///   twice, and a file without hosts.
    init(path: String) throws {
        let bytes: [UInt8]
        do {
            bytes = try FileReader.bytes(of: path, what: "cannot read the hostfile")
        } catch {
            var failure = error
            failure.remedy = "hostfiles/two-nodes is an example"
            failure.kind = .usage
            throw failure
        }
        try self.init(String(decoding: bytes, as: UTF8.self), name: path)
    }

    init(_ text: String, name: String) throws {
        var hosts: [Host] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let place = "\(name):\(index + 1)"
            guard let host = try Self.host(line.prefix { $0 != "#" }, at: place) else { continue }
            guard !hosts.contains(where: { $0.name == host.name }) else {
                throw Failure(
                    "the host \(host.name) stands twice", at: place,
                    remedy: "add up its slots in one line", kind: .usage)
            }
            hosts.append(host)
        }
        guard !hosts.isEmpty else {
            throw Failure(
                "the hostfile names no host", expected: "lines such as node1 slots=16", at: name,
                kind: .usage)
        }
        self.hosts = hosts
    }

    private static func host(_ line: Substring, at place: String) throws -> Host? {
        let words = line.replacing("=", with: " = ").split(whereSeparator: \.isWhitespace)
        guard let name = words.first else { return nil }
        guard let key = words.firstIndex(of: "slots"), words.count > key + 2, words[key + 1] == "=",
            let slots = Int(words[key + 2]), slots > 0
        else {
            throw Failure(
                "the hostfile does not say how many ranks a host runs",
                expected: "a line such as \(name) slots=16",
                got: line.trimmingCharacters(in: .whitespaces), at: place, kind: .usage)
        }
        return Host(name: String(name), slots: slots)
    }
}

extension [Host] {
    var slotCount: Int { reduce(0) { $0 + $1.slots } }

    /// The first slots, `count` at most, and the hosts that have them.
    func first(slots count: Int) -> [Host] {
        var rest = count
        return compactMap { host in
            let slots = Swift.min(host.slots, rest)
            rest -= slots
            return slots > 0 ? Host(name: host.name, slots: slots) : nil
        }
    }

    var list: String { map(\.description).joined(separator: ", ") }
}
