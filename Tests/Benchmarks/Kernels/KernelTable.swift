import Benchmark
import Foundation

/// The median of each kernel, for an element and beside what limits it.
struct KernelTable {
    let limits: Limits
    let cases: [KernelCase]
    let results: [BenchmarkResult]

    var text: String {
        let heading = String(
            format: "one core: %.0f GFLOP/s of fused multiply-adds, %.1f GB/s of memory copy",
            limits.fma, limits.copy)
        let byName = Dictionary(uniqueKeysWithValues: results.map { ($0.benchmarkName, $0) })
        let rows = cases.compactMap { kernel in
            byName[kernel.name].map { row(kernel, nanoseconds: Self.median($0.measurements)) }
        }
        let names = rows.map(\.name.count).max() ?? 0
        return
            ([heading, ""]
            + rows.map {
                $0.name.padding(toLength: names, withPad: " ", startingAt: 0) + $0.figures
            })
            .joined(separator: "\n")
    }

    private func row(
        _ kernel: KernelCase, nanoseconds: Double
    ) -> (name: String, figures: String) {
        let picoseconds = nanoseconds * 1e3 / Double(kernel.elementCount)
        let element = String(format: "%12.1f ps/element", picoseconds)
        switch kernel.bound {
        case .memory(let bytes):
            let rate = bytes / nanoseconds
            let share = 100 * rate / limits.copy
            return (
                kernel.name, element + String(format: "%9.1f GB/s    %6.1f %% of copy", rate, share)
            )
        case .arithmetic(let flops):
            let rate = flops / nanoseconds
            let share = 100 * rate / limits.fma
            return (
                kernel.name, element + String(format: "%9.1f GFLOP/s %6.1f %% of FMA", rate, share)
            )
        }
    }

    private static func median(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.sorted()[values.count / 2]
    }
}
