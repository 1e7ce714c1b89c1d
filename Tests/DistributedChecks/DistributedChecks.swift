import Collectives
import Diagnostics
import Foundation
import Signals

/// The ranks' side of the distributed tests: `DistributedChecks CHECK [ARGUMENT ...]`.
@main
struct DistributedChecks {
    static func main() {
        SignalTaker.start()
        let arguments = Array(CommandLine.arguments.dropFirst())
        exit(
            World.run { communicator in
                let checks = Checks(communicator: communicator, arguments: arguments)
                guard let name = arguments.first, let check = checks.byName[name] else {
                    throw Failure("there is no such check", kind: .usage)
                }
                return try check()
            })
    }
}
