import Diagnostics
import JSON

/// GB/s of the sum over ranks by bucket size.
package struct AllReduceBenchReport: BenchReport {
    package struct Row: Equatable {
        let bucketMegabytes: Int
        package let seconds: Double
        let librarySeconds: Double
    }

    package let worldSize: Int
    package let megabytes: Int
    package let rows: [Row]

    private static let formatVersion = 1

    private func gbPerSecond(_ seconds: Double) -> Double {
        Double(megabytes << 20) / seconds / 1e9
    }

    package var text: String {
        var table = TextTable()
        table.add("bucket", "this program", "MPI_Allreduce", "ratio")
        for row in rows {
            table.add(
                "\(row.bucketMegabytes) MB",
                "\(Quantity.number(gbPerSecond(row.seconds))) GB/s",
                "\(Quantity.number(gbPerSecond(row.librarySeconds))) GB/s",
                (row.librarySeconds / row.seconds).formattedTo(2))
        }
        let heading = [
            "\(megabytes) MB of fp32 gradients, added over \(Quantity.count(worldSize, "rank")) "
                + "bucket by bucket",
            "GB/s of one rank's gradients, of the slowest rank; a ratio above 1 is faster than "
                + "the library", "",
        ]
        return (heading + table.lines).joined(separator: "\n")
    }

    package var json: JSONValue {
        .object([
            "format_version": .integer(Self.formatVersion), "benchmark": "all_reduce",
            "world_size": .integer(worldSize), "megabytes": .integer(megabytes),
            "buckets": .array(
                rows.map { row in
                    .object([
                        "bucket_megabytes": .integer(row.bucketMegabytes),
                        "seconds": .number(row.seconds),
                        "gb_per_second": .number(gbPerSecond(row.seconds)),
                        "mpi_all_reduce_seconds": .number(row.librarySeconds),
                        "mpi_all_reduce_gb_per_second": .number(gbPerSecond(row.librarySeconds)),
                        "ratio": .number(row.librarySeconds / row.seconds),
                    ])
                }),
        ])
    }
}
