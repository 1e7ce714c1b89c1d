import Foundation
import Runs

/// The words of an mpirun of this program on some hosts.
struct MPICommand {
    let hosts: [Host]
    let options: SupervisionOptions

    /// A host that is cut off is noticed within 5 seconds instead of minutes.
    private static let keepalive = [
        ["oob_tcp_keepalive_time", "2"], ["oob_tcp_keepalive_intvl", "1"],
        ["oob_tcp_keepalive_probes", "3"],
    ]

    /// The arguments between `mpirun` and those of the program.
    var arguments: [String] {
        let names = hosts.map { "\($0.name):\($0.slots)" }.joined(separator: ",")
        return ["-n", "\(hosts.slotCount)", "--host", names]
            + parameters.flatMap { ["--mca"] + $0 } + exports + options.mpirunOptions
            + [Self.program]
    }

    /// What ssh does not pass on, and all ranks must have alike.
    private var exports: [String] {
        let variable = KernelChoice.variable
        let isSet = ProcessInfo.processInfo.environment[variable] != nil
        return isSet && !options.mpirunOptions.contains(variable) ? ["-x", variable] : []
    }

    /// The parameters without those that the user sets: mpirun refuses one that is given twice.
    private var parameters: [[String]] {
        var parameters = Self.keepalive
        if let interface = options.interface {
            parameters += [["btl_tcp_if_include", interface], ["oob_tcp_if_include", interface]]
        }
        if let agent = options.agent {
            parameters.append(["plm_rsh_agent", agent.joined(separator: " ")])
        }
        return parameters.filter { !options.mpirunOptions.contains($0[0]) }
    }

    /// This program, by the path that it has on the other hosts too.
    private static var program: String {
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path
    }
}
