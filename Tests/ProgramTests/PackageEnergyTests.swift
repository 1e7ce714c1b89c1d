import Foundation
import Runs
import Testing

/// The counters of energy in a made-up /sys/class/powercap.
@Suite struct PackageEnergyTests {
    private let folder = NSTemporaryDirectory() + "powercap-\(UUID().uuidString)"

    private func write(_ name: String, _ value: Int, range: Int = 1_000_000_000) throws {
        try FileManager.default.createDirectory(
            atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        for (file, number) in [("energy_uj", value), ("max_energy_range_uj", range)] {
            try Data("\(number)\n".utf8).write(to: URL(filePath: "\(folder)/\(name)/\(file)"))
        }
    }

    @Test func processorsAreAddedUpAndTheirPartsAreNot() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try write("intel-rapl:0", 5_000_000)
        try write("intel-rapl:1", 999_000_000)
        try write("intel-rapl:0:0", 1)
        let energy = try #require(PackageEnergy(in: folder))
        let counts = energy.counts
        #expect(counts == [5_000_000, 999_000_000])
        try write("intel-rapl:0", 8_500_000)
        // This one came round.
        try write("intel-rapl:1", 1_000_000)
        try write("intel-rapl:0:0", 70_000_000)
        #expect(energy.joules(since: counts) == 3.5 + 2)
    }

    @Test func aMachineWithoutCountersHasNone() throws {
        #expect(PackageEnergy(in: folder) == nil)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: folder + "/intel-rapl:0", withIntermediateDirectories: true)
        #expect(PackageEnergy(in: folder) == nil)
    }
}
