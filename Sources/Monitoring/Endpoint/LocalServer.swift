import Diagnostics
import Dispatch
import Synchronization
import Web

/// A server of this machine beside a training: on one thread of its own, which takes no signals.
package final class LocalServer {
    /// The port at which it listens.
    package let port: Int
    private let task: Task<Void, Never>
    private let end: DispatchSemaphore

    /// Begins to serve.
    ///
    /// - Parameters:
    ///   - port: 0 takes one that is free.
    ///   - key: the key of the recipe that names the port, for messages.
    /// - Throws: a `Failure` where it cannot listen.
    package init(
        host: String = "127.0.0.1", port: Int, key: String, limits: WebLimits = .besideWork,
        service: any WebService
    ) throws {
        guard (0...65535).contains(port) else {
            throw Failure(
                FailureText("\(key: key)"), expected: "a port, 0 to 65535", got: "\(port)",
                kind: .usage)
        }
        let (start, end) = (Start(), DispatchSemaphore(value: 0))
        let server = WebServer(host: host, port: port, limits: limits, service: service)
        task = Task.detached {
            do {
                try await server.run(until: nil) { start.set(.success($0)) }
            } catch {
                start.set(.failure(error))
            }
            end.signal()
        }
        self.end = end
        do {
            self.port = try start.wait()
        } catch var failure as Failure {
            failure.advice = FailureText(
                "take another \(key: key), or end the program that has it")
            throw failure
        }
    }

    /// Ends it; another may then have the port.
    ///
    /// - Parameter patience: seconds that it may take; what it still does then is of no use.
    package func close(patience: Double = 2) {
        task.cancel()
        _ = end.wait(timeout: .now() + patience)
    }

    /// How the start went.
    private final class Start: Sendable {
        private let result = Mutex<Result<Int, any Error>?>(nil)
        private let isKnown = DispatchSemaphore(value: 0)

        func set(_ new: Result<Int, any Error>) {
            let isFirst = result.withLock { result in
                if result != nil { return false }
                result = new
                return true
            }
            if isFirst { isKnown.signal() }
        }

        func wait() throws -> Int {
            isKnown.wait()
            guard let result = result.withLock({ $0 }) else {
                preconditionFailure("signalled before there was a result")
            }
            return try result.get()
        }
    }
}
