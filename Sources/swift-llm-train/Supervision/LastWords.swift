import Foundation

/// The line of mpirun's standard error that says best what ended a run, and on which host.
///
/// The line of the program itself wins; then mpirun's word on a killed rank, then on a lost host.
package struct LastWords {
    package private(set) var text: String?
    private var rank = 0

    package init() {}

    package mutating func read(_ line: some StringProtocol) {
        let line = line.trimmingCharacters(in: .whitespaces)
        if line.hasPrefix("swift-llm-train: ") {
            note(String(line.dropFirst("swift-llm-train: ".count)), rank: 3)
        } else if line.hasPrefix("mpirun noticed that process rank") {
            note(String(line.dropFirst("mpirun noticed that process ".count)), rank: 2)
        } else if line.hasPrefix("Remote daemon:"), let node = line.split(separator: " ").last {
            note("lost the connection to \(node)", rank: 1)
        }
    }

    /// The first of its kind is the cause; later ones follow from it.
    private mutating func note(_ words: String, rank: Int) {
        guard rank > self.rank else { return }
        self.rank = rank
        text = words.hasSuffix(".") ? String(words.dropLast()) : words
    }
}
