import Foundation
import Machine

/// The counters of the energy that the processors of a machine take (RAPL), where the system shows them to
/// this user.
package struct PackageEnergy: Sendable {
    private struct Counter {
        let path: String
        /// The count after which it begins again at 0.
        let range: Int
    }

    private let counters: [Counter]

    /// The counters of whole processors, intel-rapl:NUMBER, which AMD's have too; nil where there are none.
    ///
    /// - Parameter folder: where the system shows them.
    package init?(in folder: String = "/sys/class/powercap") {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        // Parts of a processor have a second number, and are counted in the whole.
        let packages = names.filter {
            $0.hasPrefix("intel-rapl:") && $0.split(separator: ":").count == 2
        }
        counters = packages.sorted().compactMap { name in
            let path = "\(folder)/\(name)/energy_uj"
            guard Self.count(path) != nil,
                let range = Self.count("\(folder)/\(name)/max_energy_range_uj"), range > 0
            else { return nil }
            return Counter(path: path, range: range)
        }
        if counters.isEmpty { return nil }
    }

    private static func count(_ path: String) -> Int? {
        Int(SystemFile.text(path).trimmingCharacters(in: .whitespacesAndNewlines))
    }

    /// Microjoules, as each counter has them now.
    package var counts: [Int] { counters.map { Self.count($0.path) ?? 0 } }

    /// The energy that was taken since the counters had those counts, none of which came round twice.
    package func joules(since counts: [Int]) -> Double {
        zip(counters, zip(counts, self.counts)).reduce(0) { sum, reading in
            let (counter, (first, last)) = (reading.0, reading.1)
            let more = last >= first ? last - first : last - first + counter.range
            return sum + Double(more) / 1e6
        }
    }
}
