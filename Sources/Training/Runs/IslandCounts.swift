import Diagnostics
import JSON

/// The counts that each island of a run has of its own, in the order of the islands.
package struct IslandCounts: Equatable, Sendable {
    /// Updates made.
    package var updateCounts: [Int]
    /// Steps skipped in a row, up to now.
    package var skippedInARow: [Int]

    package init(updateCounts: [Int], skippedInARow: [Int]) {
        (self.updateCounts, self.skippedInARow) = (updateCounts, skippedInARow)
    }

    package var count: Int { updateCounts.count }

    var json: JSONValue {
        .object([
            "update_counts": .array(updateCounts.map(JSONValue.integer)),
            "skipped_in_a_row": .array(skippedInARow.map(JSONValue.integer)),
        ])
    }

    package init(json: JSONValue, at path: String) throws {
        func counts(_ key: String) throws -> [Int] {
            let values = json[key]?.array?.compactMap(\.integer) ?? []
            guard !values.isEmpty, values.count == json[key]?.array?.count,
                values.allSatisfy({ (0...Int(Int32.max)).contains($0) })
            else {
                throw Failure(
                    "the trainer state has wrong islands", expected: "\(key), a list of counts",
                    got: json[key]?.summary ?? "nothing", at: path)
            }
            return values
        }
        updateCounts = try counts("update_counts")
        skippedInARow = try counts("skipped_in_a_row")
        guard skippedInARow.count == updateCounts.count else {
            throw Failure(
                "the trainer state has wrong islands",
                expected: "\(updateCounts.count) of skipped_in_a_row",
                got: "\(skippedInARow.count)", at: path)
        }
    }
}
