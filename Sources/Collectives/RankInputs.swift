import Diagnostics

/// The inputs that each rank reads for itself and all must have alike: files, and the keys of a
/// recipe.
///
/// Each item is a name and a value that is the same for equal contents alone, such as a size and a
/// hash.
package struct RankInputs: Equatable, Sendable {
    package struct Item: Equatable, Sendable {
        package var name: String
        package var value: String

        package init(_ name: String, _ value: String) {
            (self.name, self.value) = (name, value)
        }
    }

    /// The items, in an order that follows from the recipe alone.
    package var items: [Item]

    package init(_ items: [Item] = []) {
        self.items = items
    }

    /// Compares the items of all ranks. Collective; sixteen bytes of each rank travel while all is
    /// well.
    ///
    /// - Parameters:
    ///   - what: describes what is wrong where they differ.
    ///   - remedy: describes what to do then.
    /// - Throws: `AgreedFailure` that names the first rank whose items are not those of rank 0, the
    ///   first of them, and both values.
    package func requireEqual(
        over communicator: any Communicator, _ what: String = "the ranks have different files",
        remedy: String = "put the same files there on all hosts"
    ) throws {
        let own = Int64(bitPattern: digest)
        // The minimum of the complements is the complement of the maximum.
        let agreed = try communicator.allReduce([own, ~own], .minimum)
        guard agreed[0] != ~agreed[1] else { return }
        let all = try communicator.allGather(ofAnySize: encoded).map(Self.init(encoded:))
        guard let rank = all.firstIndex(where: { $0 != all[0] }) else { return }
        let (first, other) = all[0].difference(from: all[rank])
        throw AgreedFailure(
            Failure(
                what, expected: Self.told(first, beside: other) + " on rank 0",
                got: Self.told(other, beside: first) + " on rank \(rank)",
                at: first?.name ?? other?.name, remedy: remedy),
            rank: 0, isEverywhere: true)
    }

    /// The first items that differ; nil where a list is at its end.
    private func difference(from other: RankInputs) -> (own: Item?, other: Item?) {
        let index = zip(items, other.items).enumerated().first { $1.0 != $1.1 }?.offset
        let place = index ?? min(items.count, other.items.count)
        return (
            items.indices.contains(place) ? items[place] : nil,
            other.items.indices.contains(place) ? other.items[place] : nil
        )
    }

    private static func told(_ item: Item?, beside other: Item?) -> String {
        guard let item else { return "nothing" }
        return item.name == other?.name || other == nil ? item.value : item.name
    }

    /// FNV-1a over all names and values.
    private var digest: UInt64 {
        encoded.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }

    // MARK: As bytes

    private static let separator = UInt8(0)

    private var encoded: [UInt8] {
        items.flatMap { item in
            [item.name, item.value].flatMap { text in
                text.utf8.filter { $0 != Self.separator } + [Self.separator]
            }
        }
    }

    private init(encoded: [UInt8]) {
        let texts = encoded.split(separator: Self.separator, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        items = stride(from: 0, to: texts.count - 1, by: 2).map { Item(texts[$0], texts[$0 + 1]) }
    }
}
