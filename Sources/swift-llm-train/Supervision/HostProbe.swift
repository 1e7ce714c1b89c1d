import Diagnostics
import Foundation
import Subprocess
import SystemPackage

/// Asks hosts whether they live, by running `true` on them as mpirun would start its daemons.
struct HostProbe {
    /// The words before a host and a command.
    let agent: [String]
    let seconds: Int

    init(agent: [String]?, seconds: Int) {
        self.seconds = seconds
        self.agent = agent ?? ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=\(seconds)"]
    }

    /// The problem that keeps each host from working, all asked at once; nil where there is none.
    func problems(of hosts: [Host]) async -> [String?] {
        await withTaskGroup(of: (Int, String?).self) { group in
            for (index, host) in hosts.enumerated() {
                group.addTask { (index, await problem(of: host.name)) }
            }
            return await group.reduce(into: [String?](repeating: nil, count: hosts.count)) {
                $0[$1.0] = $1.1
            }
        }
    }

    /// mpirun itself starts what runs on this machine: there is nothing to ask.
    private func problem(of host: String) async -> String? {
        if LocalMachine.bears(host) { return nil }
        return await withTaskGroup(of: String?.self) { group in
            group.addTask { await answer(of: host) }
            group.addTask {
                try? await Task.sleep(for: .seconds(seconds))
                return "no answer within \(seconds) s"
            }
            let first = await group.next() ?? nil
            // Ends the agent too, where it is still at work.
            group.cancelAll()
            return first
        }
    }

    private var executable: Executable {
        agent[0].contains("/") ? .path(FilePath(agent[0])) : .name(agent[0])
    }

    private func answer(of host: String) async -> String? {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)
        ]
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(agent.dropFirst() + [host, "true"]),
                platformOptions: options, output: .discarded, error: .string(limit: 1 << 16))
            if result.terminationStatus.isSuccess { return nil }
            let line = result.standardError.split(whereSeparator: \.isNewline).last
            return line.map { $0.trimmingCharacters(in: .whitespaces) }
                ?? "\(agent[0]) ended with \(result.terminationStatus)"
        } catch {
            return "\(agent[0]): \(error)"
        }
    }
}
