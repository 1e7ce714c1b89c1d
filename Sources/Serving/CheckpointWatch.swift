import Diagnostics
import Foundation

/// Serves the newest or the best checkpoint of a run, as they appear.
struct CheckpointWatch: Sendable {
    let link: String
    let loader: ModelLoader
    let service: ModelService

    private static let secondsBetweenLooks = 2

    /// Looks until the task is cancelled. A checkpoint that cannot be loaded is told and passed over.
    func run() async {
        var seen = target
        while (try? await Task.sleep(for: .seconds(Self.secondsBetweenLooks))) != nil {
            guard let next = target, next != seen else { continue }
            seen = next
            do {
                let first = service.first
                service.replaceFirst(by: try loader.load(link, name: first.name, besides: first))
                Console.line("serving \(next)")
            } catch {
                let line = (error as? Failure)?.line ?? "\(error)"
                Console.write("warning: \(next) is not served: \(line)\n", to: .standardError)
            }
        }
    }

    private var target: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: link)
    }
}
