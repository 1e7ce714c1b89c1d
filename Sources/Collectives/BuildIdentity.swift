import CMPI
import Diagnostics
import Foundation

/// The builds of the program and of the libraries on which its results depend, in this process.
///
/// Two hosts may have another program at the same path, or other libraries under the same names:
/// both give other bits, or no common language, without any failure of their own.
package struct BuildIdentity: Equatable, Sendable {
    /// The build id of each object, in the order in which they were loaded.
    package let objects: [(name: String, build: String)]

    /// Libraries that compute, talk or store; others, such as drivers, may differ from host to host.
    private static let libraries = [
        "libm.", "libopenblas", "libdnnl", "libmpi.", "libmpich.", "libhdf5",
        "libswiftCore.", "libFoundation",
    ]

    package static func == (left: BuildIdentity, right: BuildIdentity) -> Bool {
        left.text == right.text
    }

    /// Reads lines "NAME BUILD-ID" as `cmpi_loaded_objects` writes them; the program has no name there.
    package init(listing: String) {
        objects = listing.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard words.count == 2 else { return nil }
            let name = words[0].isEmpty ? "the program" : String(words[0])
            let isOfInterest =
                words[0].isEmpty || Self.libraries.contains { name.hasPrefix($0) }
            return isOfInterest ? (name, String(words[1])) : nil
        }
    }

    /// The identity of this process.
    package static func current() -> BuildIdentity {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1 << 16) { text in
            guard let address = text.baseAddress else { return BuildIdentity(listing: "") }
            cmpi_loaded_objects(address, text.count)
            return BuildIdentity(listing: String(cString: address))
        }
    }

    /// One line an object, which `init(listing:)` reads.
    private var text: String {
        objects.map { "\($0.name == "the program" ? "" : $0.name) \($0.build)\n" }.joined()
    }

    /// The objects in which `other` differs, as (this, other): "libhdf5.so.103 1a2b3c4d".
    package func differences(to other: BuildIdentity) -> [(own: String, other: String)] {
        let names = objects.map(\.name) + other.objects.map(\.name)
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.compactMap { name in
            let (own, other) = (build(of: name), other.build(of: name))
            return own == other ? nil : ("\(name) \(own)", "\(name) \(other)")
        }
    }

    private func build(of name: String) -> String {
        objects.first { $0.name == name }.map { String($0.build.prefix(12)) } ?? "not loaded"
    }

    /// Throws the same failure on all ranks unless all run the same builds.
    package static func agree(
        over communicator: any Communicator, identity: BuildIdentity = .current()
    ) throws {
        let hash = identity.text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        let hashes = try communicator.allGather([hash])
        guard let rank = hashes.firstIndex(where: { $0 != hashes[0] }) else { return }

        let first = try communicator.broadcast(Array(identity.text.utf8), from: 0)
        let other = try communicator.broadcast(Array(identity.text.utf8), from: rank)
        let host = Array(ProcessInfo.processInfo.hostName.utf8)
        let hosts = try [0, rank].map {
            String(decoding: try communicator.broadcast(host, from: $0), as: UTF8.self)
        }
        let differences = BuildIdentity(listing: String(decoding: first, as: UTF8.self))
            .differences(to: BuildIdentity(listing: String(decoding: other, as: UTF8.self)))
        throw AgreedFailure(
            Failure(
                "the ranks run different builds",
                expected: differences.map(\.own).joined(separator: ", ")
                    + " as on rank 0 on \(hosts[0])",
                got: differences.map(\.other).joined(separator: ", ")
                    + " on rank \(rank) on \(hosts[1])",
                remedy: "install the same program and the same libraries on all hosts "
                    + "(readelf -n FILE tells a build id)"),
            rank: 0, isEverywhere: true)
    }
}
