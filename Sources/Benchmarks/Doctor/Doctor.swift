import Collectives
import Foundation
import Machine
import Runs
import Tensors

/// Looks at the machine, the libraries and the speed of all ranks.
package struct Doctor {
    package let communicator: any Communicator
    package let effort: DoctorEffort
    package let environment: [String: String]

    package init(
        communicator: any Communicator, effort: DoctorEffort,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.communicator = communicator
        self.effort = effort
        self.environment = environment
    }

    /// Measures on all ranks; the report is that of the first rank's machine.
    ///
    /// - Throws: `AgreedFailure` when MPI or HDF5 do not work.
    package func report() throws -> DoctorReport {
        let allowedCores = ProcessorSet.inherited.count
        var warnings: [String] = []
        let compute = try compute(&warnings)
        let host = ProcessInfo.processInfo.hostName
        let hosts = try communicator.allGather(ofAnySize: Array(host.utf8))
        let machine = MachineFacts(
            ranksHere: hosts.count { $0 == hosts[communicator.rank] },
            threadCount: compute.threadCount, allowedCores: allowedCores)
        let libraries = try communicator.agree {
            try LibraryFacts(compute, isMPIRunning: communicator is MPICommunicator)
        }
        let speed = try measure(compute, host: host, machine: machine)
        return DoctorReport(
            host: host, worldSize: communicator.worldSize, machine: machine,
            libraries: libraries, speed: speed, agreementWarnings: warnings)
    }

    /// Agrees on the kernels. Ranks with different ones could not train together; the doctor warns
    /// and goes on.
    private func compute(_ warnings: inout [String]) throws -> ComputeResources {
        do {
            let compute = try ComputeResources.agree(
                threadsPerRank: nil, over: communicator, environment: environment)
            warnings += compute.warnings
            return compute
        } catch let failure as AgreedFailure where failure.failure.kind != .usage {
            warnings.append(failure.failure.line)
            return ComputeResources(
                kernels: ComputeKernels.prepare(), choice: .usual,
                threadCount: ProcessorSet.inherited.count, warnings: [])
        }
    }

    private func measure(
        _ compute: ComputeResources, host: String, machine: MachineFacts
    ) throws -> SpeedFacts {
        let own = try RankSpeed.measure(
            on: compute.makeDevice(), host: host, kernels: compute.kernels,
            effort: effort.fitting(machine), barrier: communicator.barrier)
        let (infinity, nan) = ("inf", "nan")
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: infinity, negativeInfinity: "-" + infinity, nan: nan)
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: infinity, negativeInfinity: "-" + infinity, nan: nan)
        let encoded = try communicator.agree { try Array(encoder.encode(own)) }
        let ranks = try communicator.allGather(ofAnySize: encoded).map {
            try decoder.decode(RankSpeed.self, from: Data($0))
        }
        return SpeedFacts(
            ranks: ranks,
            allReduce: try AllReduceSpeed.measure(over: communicator, effort: effort))
    }
}

extension DoctorEffort {
    /// Buffers that leave most of the free memory to others.
    fileprivate func fitting(_ machine: MachineFacts) -> DoctorEffort {
        let most = max(1 << 20, machine.usableBytes / machine.ranksHere / 8)
        return DoctorEffort(
            seconds: seconds, copyBytes: min(copyBytes, most), gradientCount: gradientCount)
    }
}
