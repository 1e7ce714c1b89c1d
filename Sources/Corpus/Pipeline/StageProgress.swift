import Diagnostics
import Files
import Glibc

/// Tells how far all ranks are with a stage: a bar that is drawn again on a terminal, a line now and then
/// elsewhere. What other ranks have done is known by the counts that they write of each piece.
package final class StageProgress {
    private let name: String
    private let files: WorkFiles
    private let kind: WorkFiles.Kind
    /// The bytes of the files of each piece.
    private let sizes: [Int]
    private let isTerminal: Bool
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    private var seen: Set<Int> = []
    private var done = PieceStatistics()
    private var doneSize = 0

    private static let barSize = 20
    private static let reasonCount = 3

    package init(_ name: String, _ files: WorkFiles, _ kind: WorkFiles.Kind, sizes: [Int]) {
        (self.name, self.files, self.kind, self.sizes) = (name, files, kind, sizes)
        isTerminal = isatty(STDERR_FILENO) == 1
    }

    /// Seconds from one message to the next.
    private var interval: Duration { isTerminal ? .milliseconds(500) : .seconds(20) }

    /// Tells the progress, where it is time for it.
    ///
    /// - Parameter open: what this rank has counted of the piece that it works on.
    package func update(_ piece: Int, _ open: PieceStatistics) throws {
        guard ContinuousClock.now - last >= interval else { return }
        last = .now
        try takeFinished()
        let openSize = min(sizes[piece], open.read.bytes)
        show(text(open, doneSize + (seen.contains(piece) ? 0 : openSize)))
    }

    /// Removes the bar.
    package func finish() {
        if isTerminal { Console.write("\r\u{1B}[K", to: .standardError) }
    }

    private func show(_ text: String) {
        if isTerminal {
            Console.write("\r\u{1B}[K" + text, to: .standardError)
        } else {
            Console.line(text)
        }
    }

    /// Adds the pieces that were finished since the last look.
    private func takeFinished() throws {
        let prefix = "\(kind.rawValue)-"
        for file in try DirectoryEntries.names(in: files.directory) where file.hasPrefix(prefix) {
            guard let piece = Int(file.dropFirst(prefix.count)), seen.insert(piece).inserted,
                piece < sizes.count, let counts = try files.counts(kind, piece)
            else { continue }
            done.add(counts)
            doneSize += sizes[piece]
        }
    }

    private func text(_ open: PieceStatistics, _ size: Int) -> String {
        var counts = done
        counts.add(open)
        let total = max(1, sizes.reduce(0, +))
        let share = min(1, Double(size) / Double(total))
        let seconds = max(0.001, (ContinuousClock.now - start) / .seconds(1))
        let speed = Double(size) / seconds
        let documents =
            counts.kept.documents + counts.dropped.values.reduce(0) { $0 + $1.documents }
        let filled = Int(share * Double(Self.barSize))
        let bar =
            String(repeating: "#", count: filled)
            + String(repeating: ".", count: Self.barSize - filled)
        let reasons = counts.dropped.sorted {
            ($1.value.documents, $0.key) < ($0.value.documents, $1.key)
        }
        .prefix(Self.reasonCount).map { "\($0.key) \($0.value.documents)" }
        return "\(name) [\(bar)] \(Int(share * 100)) %, \(documents) documents, "
            + "\(Quantity.bytes(size)), \(Quantity.bytes(Int(speed)))/s, "
            + "\(Self.time(Double(total - size) / max(1, speed))) left"
            + (reasons.isEmpty ? "" : "; dropped: \(reasons.joined(separator: ", "))")
    }

    private static func time(_ seconds: Double) -> String {
        let seconds = Int(min(seconds, 1e6).rounded())
        let (minutes, rest) = seconds.quotientAndRemainder(dividingBy: 60)
        return "\(minutes):\(rest < 10 ? "0" : "")\(rest)"
    }
}
