import CMPI
import Diagnostics
import Foundation

/// The world of this process: joined at the start of the program, left once at its end.
package enum World {
    /// Joins the world, runs `body` with its communicator, reports an error that `body` throws,
    /// leaves the world, and returns the exit code.
    ///
    /// Without a launcher MPI is not started at all: Open MPI would want its `orted` for that.
    package static func run(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        _ body: (any Communicator) throws -> Int32
    ) -> Int32 {
        let launch: Launch?
        do {
            launch = try Launch(environment: environment)
        } catch {
            let isFirst = environment["SLURM_PROCID"].map { $0 == "0" } ?? true
            return report(ErrorReport(error, rank: 0, worldSize: 1), printing: isFirst)
        }
        guard let launch else { return run(on: SingleProcess(), body) }
        return run(launch, body)
    }

    private static func run(
        _ launch: Launch, _ body: (any Communicator) throws -> Int32
    ) -> Int32 {
        // A rank that no launcher watches would wait for others for ever.
        cmpi_end_with_parent()
        let communicator: MPICommunicator
        do {
            communicator = try MPICommunicator()
        } catch {
            let worldSize = launch.worldSize ?? launch.rank + 1
            return report(ErrorReport(error, rank: launch.rank, worldSize: worldSize))
        }

        var exitCode: Int32
        do {
            try launch.requireWorldSize(communicator.worldSize, of: .current())
            exitCode = run(on: communicator) {
                try BuildIdentity.agree(over: $0)
                return try body($0)
            }
        } catch {
            // Every process of the wrong MPI comes here and takes itself for rank 0.
            let report = ErrorReport(error, rank: 0, worldSize: 1)
            exitCode = World.report(report, printing: launch.rank == 0)
        }
        do {
            try communicator.finalize()
        } catch {
            let worldSize = communicator.worldSize
            exitCode = report(ErrorReport(error, rank: communicator.rank, worldSize: worldSize))
        }
        return exitCode
    }

    private static func run(
        on communicator: any Communicator, _ body: (any Communicator) throws -> Int32
    ) -> Int32 {
        do {
            return try body(communicator)
        } catch {
            return communicator.end(with: error)
        }
    }

    private static func report(_ report: ErrorReport, printing: Bool = true) -> Int32 {
        if printing { report.print() }
        return report.exitCode
    }
}
