import Diagnostics
import Files
import Foundation
import Synchronization

/// The runs that a dashboard shows, by the order of their paths.
final class RunShelf: Sendable {
    private let folders: [String]
    private let state = Mutex(State())

    private struct State {
        var runs: [FollowedRun] = []
        var looked: ContinuousClock.Instant?
        var version = 0
    }

    /// How often is looked for what is new, at most; how deep runs lie, and how many are shown.
    private static let (pause, depth, most) = (Duration.seconds(1), 3, 200)

    /// - Parameter folders: runs, or folders in which they lie.
    init(_ folders: [String]) { self.folders = folders }

    var runs: [FollowedRun] { state.withLock(\.runs) }

    /// A number that grows with what is new.
    ///
    /// - Returns: and whether there is more to be read at once.
    func look() -> (version: Int, isBehind: Bool) {
        let isDue = state.withLock { state in
            let now = ContinuousClock.now
            guard state.looked.map({ now - $0 >= Self.pause }) ?? true else { return false }
            state.looked = now
            return true
        }
        if isDue { find() }
        let runs = runs
        let isBehind = runs.contains { $0.snapshot.share < 1 }
        let news = isDue || isBehind ? runs.filter { $0.refresh() }.count : 0
        return state.withLock { state in
            state.version += news > 0 ? 1 : 0
            return (state.version, runs.contains { $0.snapshot.share < 1 } && news > 0)
        }
    }

    private func find() {
        let paths = folders.flatMap { Self.runs(in: $0, depth: Self.depth) }
        state.withLock { state in
            let known = Dictionary(
                state.runs.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
            let new = paths.prefix(Self.most).map { known[$0] ?? FollowedRun(at: $0) }
            if new.map(\.path) != state.runs.map(\.path) { state.version += 1 }
            state.runs = new
        }
    }

    private static func runs(in folder: String, depth: Int) -> [String] {
        if FileManager.default.fileExists(atPath: folder + "/metrics.jsonl") { return [folder] }
        guard depth > 0, let names = try? DirectoryEntries.names(in: folder) else { return [] }
        return names.filter { !$0.hasPrefix(".") && $0 != "checkpoints" }.sorted()
            .flatMap { name -> [String] in
                let path = "\(folder)/\(name)"
                guard (try? DirectoryEntries.isFolder(path)) == true else { return [] }
                return runs(in: path, depth: depth - 1)
            }
    }
}
