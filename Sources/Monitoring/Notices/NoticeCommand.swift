import Diagnostics
import Dispatch
import JSON
import Subprocess
import Synchronization
import Training

/// A command of the shell that gets an object of JSON on its standard input when something happens to a
/// training that somebody may want to know.
package final class NoticeCommand: MetricsSink {
    package enum Event: String, Sendable {
        case done, failed, stopped, diverging
    }

    private let command: String
    private let run: String
    private let fail: @Sendable (String) -> Void
    private var step = 0
    private var loss: Double?
    /// The notices so far, one after the other.
    private var last: Task<Void, Never>?

    /// Runs the command, and reads what that leaves of its input.
    private static let script = "(eval \"$1\"); code=$?; cat > /dev/null; exit $code"
    /// What a command may take.
    private static let limit = Duration.seconds(10)

    /// - Parameters:
    ///   - run: the directory of the run.
    ///   - fail: gets what is wrong with the command, which stops no training.
    package init(
        _ command: String, run: String, fail: @escaping @Sendable (String) -> Void
    ) {
        (self.command, self.run, self.fail) = (command, run, fail)
    }

    package func append(_ record: MetricsRecord) {
        switch record {
        case .train(let metrics): (step, loss) = (metrics.step, metrics.loss)
        case .warning(_, let message, true): send(.diverging, message)
        case .warning, .validation, .event, .outer, .saved, .tasks: break
        }
    }

    /// Begins to tell of an event, after those before.
    private func send(_ event: Event, _ message: String?) {
        var members: [String: JSONValue] = [
            "event": .string(event.rawValue), "run": .string(run), "step": .integer(step),
        ]
        members["loss"] = loss.map(JSONValue.number)
        members["message"] = message.map(JSONValue.string)
        let text = JSONValue.object(members).text() + "\n"
        last = Self.task(after: last, command, text, fail)
    }

    /// Tells how the training ended, and waits until that is told.
    package func end(_ event: Event, _ message: String? = nil) {
        send(event, message)
        let told = DispatchSemaphore(value: 0)
        let last = last
        Task.detached {
            await last?.value
            told.signal()
        }
        told.wait()
    }

    private static func task(
        after before: Task<Void, Never>?, _ command: String, _ text: String,
        _ fail: @escaping @Sendable (String) -> Void
    ) -> Task<Void, Never> {
        Task.detached {
            await before?.value
            let problem = await carryOut(command, text)
            if let problem { fail("metrics.notify: \(problem)") }
        }
    }

    /// - Returns: what went wrong; nil for nothing.
    private static func carryOut(_ command: String, _ text: String) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await start(command, text) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return "the command took more than 10 s, and was ended"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }

    private static func start(_ command: String, _ text: String) async -> String? {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .zero)
        ]
        do {
            let result = try await Subprocess.run(
                .path("/bin/sh"), arguments: ["-c", script, "sh", command],
                platformOptions: options,
                input: .string(text), output: .discarded, error: .string(limit: 1 << 14))
            guard !result.terminationStatus.isSuccess else { return nil }
            let line = result.standardError.split(whereSeparator: \.isNewline).last
            return "the command ended with \(result.terminationStatus)"
                + (line.map { ": " + PlainText.line(String($0)) } ?? "")
        } catch {
            return "the command could not be run: \(error)"
        }
    }
}
