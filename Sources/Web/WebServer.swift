import Diagnostics
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Signals

/// An HTTP server on Hummingbird, which answers by a service.
///
/// It takes no signal: a `StopRequest` drains it, so that requests in progress are still answered.
package struct WebServer: Sendable {
    private let host: String
    private let port: Int
    private let limits: WebLimits
    private let service: any WebService
    private let encryption: WebEncryption?

    /// - Parameters:
    ///   - port: 0 takes one that is free.
    ///   - encryption: by which connections are encrypted; nil for plain ones.
    package init(
        host: String, port: Int, limits: WebLimits = WebLimits(),
        encryption: WebEncryption? = nil, service: any WebService
    ) {
        (self.host, self.port, self.limits, self.service) = (host, port, limits, service)
        self.encryption = encryption
    }

    /// Serves until it is asked to stop, and what has begun is done; or until its task is cancelled.
    ///
    /// - Parameter stop: nil where other work of the process takes the signals.
    /// - Parameter whenListening: called with the port.
    /// - Throws: a `Failure` where it cannot listen.
    package func run(
        until stop: StopRequest?, whenListening: @escaping @Sendable (Int) -> Void
    ) async throws {
        // Not shut down: a reply whose client has left may still be ending.
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let logger = Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            responder: WebResponder(service: service, limits: limits),
            server: try builder,
            configuration: ApplicationConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
            onServerRunning: { channel in whenListening(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(threads), logger: logger)
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [application], gracefulShutdownSignals: [], logger: logger))
        stop?.react { _ in Task { await group.triggerGracefulShutdown() } }
        let result = await Result { try await group.run() }
        stop?.ignore()
        do { try result.get() } catch { throw failure(error) }
    }

    private var builder: HTTPServerBuilder {
        get throws {
            let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(120)))
            return try encryption.map { try .tls(plain, tlsConfiguration: $0.configuration) }
                ?? plain
        }
    }

    private func failure(_ error: any Error) -> Failure {
        let cause =
            (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
        return Failure(
            "cannot listen", expected: "a free port", got: cause, at: "\(host):\(port)",
            remedy: "take another one with --port, or end the program that has it")
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
