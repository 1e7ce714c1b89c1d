import Foundation
import Tensors
import Testing

/// How many times as fast as one thread several can be, by the tiles and tasks of a training step alone.
@Suite struct SpeedUpTests {
    private static let page = "Sources/Tensors/Tensors.docc/Threads.md"
    private static let threadCounts = [8, 16, 32, 64]

    @Test func pageHoldsTheTable() throws {
        let header =
            "| model | tiles | "
            + Self.threadCounts.map { "\($0) threads" }.joined(separator: " | ") + " |"
        let rule = "|---|---|" + Self.threadCounts.map { _ in "---|" }.joined()
        let rows = StepShape.all.flatMap { shape in
            [false, true].map { isFine in
                let bounds = bounds(of: shape, isFine).map { String(format: "%.1f", $0) }
                return "| \(shape.name) | \(isFine ? "fine" : "usual") | "
                    + bounds.joined(separator: " | ") + " |"
            }
        }
        let table = ([header, rule] + rows).joined(separator: "\n")
        #expect(try DocumentedPage(Self.page).text.contains("\n\n\(table)\n"), "\(table)")
    }

    private func bounds(of shape: StepShape, _ isFine: Bool) -> [Double] {
        Self.threadCounts.map { shape.bound(threads: $0, isFine: isFine) }
    }

    @Test(arguments: StepShape.all)
    func fineTilesGiveThreadsWork(_ shape: StepShape) {
        let bounds = bounds(of: shape, true)
        #expect(zip(bounds, Self.threadCounts).allSatisfy { $0 <= Double($1) + 1e-9 })
        #expect(bounds[1] >= 15, "16 threads")
        #expect(bounds[3] >= 56, "64 threads")
    }
}

/// The products and the attention of a training step over one sequence.
struct StepShape: Sendable, CustomTestStringConvertible {
    let name: String
    let layers: Int, width: Int, heads: Int, keyHeads: Int, inner: Int, vocabulary: Int
    /// Products up into the inner width.
    let raises: Int
    static let tokens = 1024
    /// Rows whose logits exist at a time.
    private static let logitRows = 512

    static let all = [
        StepShape(
            name: "GPT-2 124M", layers: 12, width: 768, heads: 12, keyHeads: 12, inner: 3072,
            vocabulary: 50257, raises: 1),
        StepShape(
            name: "GPT-2 1.5B", layers: 48, width: 1600, heads: 25, keyHeads: 25, inner: 6400,
            vocabulary: 50257, raises: 1),
        StepShape(
            name: "Llama 1B", layers: 16, width: 2048, heads: 32, keyHeads: 8, inner: 8192,
            vocabulary: 128_256, raises: 2),
        StepShape(
            name: "Llama 7B", layers: 32, width: 4096, heads: 32, keyHeads: 32, inner: 11008,
            vocabulary: 32000, raises: 2),
    ]

    var testDescription: String { name }

    /// The work of a step over the time that it takes `threads` threads, each as fast as one alone.
    func bound(threads: Int, isFine: Bool) -> Double {
        var (work, time) = (0.0, 0.0)
        for loop in loops(isFine) {
            work += Double(loop.count) * loop.tasks.reduce(0, +)
            time += Double(loop.count) * Self.time(of: loop.tasks, threads: threads)
        }
        return work / time
    }

    /// Each thread takes the next task as soon as it has done one.
    private static func time(of tasks: [Double], threads: Int) -> Double {
        var ends = [Double](repeating: 0, count: threads)
        for task in tasks {
            guard let next = ends.indices.min(by: { ends[$0] < ends[$1] }) else { break }
            ends[next] += task
        }
        return ends.max() ?? 0
    }

    private typealias Loop = (tasks: [Double], count: Int)

    private func loops(_ isFine: Bool) -> [Loop] {
        let keyWidth = width / heads * keyHeads
        let isJoined = raises == 1
        let linear =
            (isJoined
                ? [(width, 3 * width)] : [(width, width), (width, keyWidth), (width, keyWidth)])
            + [(width, width)] + Array(repeating: (width, inner), count: raises)
            + [(inner, width)]
        let ofLayer = linear.flatMap { passes(Self.tokens, $0.0, $0.1, isFine) } + attention
        let ofHead = passes(Self.logitRows, width, vocabulary, isFine)
        return ofLayer.map { (tasks: $0, count: layers) }
            + ofHead.map { (tasks: $0, count: Self.tokens / Self.logitRows) }
    }

    /// The forward product and the two of the backward pass.
    private func passes(
        _ rows: Int, _ depth: Int, _ columns: Int, _ isFine: Bool
    ) -> [[Double]] {
        [(rows, columns, depth), (rows, depth, columns), (depth, columns, rows)].map {
            rows, columns, depth in
            let tiling = Tiling(rows: rows, columns: columns, depth: depth, isFine: isFine)
            return (0..<tiling.count).map { index in
                let tile = tiling[index]
                return Double(tile.rows.count * tile.columns.count * depth)
            }
        }
    }

    /// Two products forward, five backward.
    private var attention: [[Double]] {
        let layout = AttentionLayout(
            qkvShape: [1, Self.tokens, width / heads * (heads + 2 * keyHeads)],
            AttentionOptions(
                headCount: heads, keyValueHeadCount: keyHeads, contextLength: Self.tokens))
        let (forward, backward) = (
            layout.parts(heads: 1, groups: heads),
            layout.parts(heads: heads / keyHeads, groups: keyHeads)
        )
        func tasks(_ parts: [[AttentionBlock]], _ groups: Int, products: Int) -> [Double] {
            parts.flatMap { part in
                let work = part.map(\.work).reduce(0, +) * products * width / heads
                return Array(repeating: Double(work), count: groups)
            }
        }
        return [tasks(forward, heads, products: 2), tasks(backward, keyHeads, products: 5)]
    }
}
