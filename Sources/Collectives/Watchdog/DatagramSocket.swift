import Diagnostics
import Glibc

/// An IPv4 address and a port.
package struct Endpoint: Equatable, Sendable {
    /// The IPv4 address, in network byte order.
    var address: UInt32
    /// The port, in network byte order.
    var port: UInt16

    package static let loopback = UInt32(0x7f00_0001).bigEndian

    /// "ADDRESS:PORT", both as numbers in network byte order.
    var text: String { "\(address):\(port)" }

    init(address: UInt32, port: UInt16 = 0) {
        (self.address, self.port) = (address, port)
    }

    init?(text: some StringProtocol) {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let address = UInt32(parts[0]), let port = UInt16(parts[1])
        else { return nil }
        self.init(address: address, port: port)
    }

    init(_ socketAddress: sockaddr_in) {
        self.init(address: socketAddress.sin_addr.s_addr, port: socketAddress.sin_port)
    }

    var socketAddress: sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_addr.s_addr = address
        result.sin_port = port
        return result
    }
}

/// Owns a UDP socket at one address of this host. Nothing waits, and what cannot be sent is lost:
/// the next heartbeat follows.
final class DatagramSocket: Sendable {
    let descriptor: Int32

    private static let largestLine = 512

    /// Bound to `address` of this host, at a port that the system chooses.
    init(boundTo address: UInt32) throws {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard setUp(), call(Endpoint(address: address), bind) == 0 else {
            throw Failure("cannot bind a UDP socket", got: String(cString: strerror(errno)))
        }
    }

    /// Speaks with `peer` alone, from the address of this host that leads there; nil where none does.
    init?(connectedTo peer: Endpoint) {
        descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard setUp(), call(peer, connect) == 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var endpoint: Endpoint {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &address) {
            let address = $0.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            _ = getsockname(descriptor, address, &size)
        }
        return Endpoint(address)
    }

    /// - Parameter peer: nil for the one that the socket is connected to.
    func send(_ line: String, to peer: Endpoint? = nil) {
        let bytes = Array(line.utf8)
        guard let peer else {
            _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            return
        }
        _ = call(peer) { sendto($0, bytes, bytes.count, Int32(MSG_NOSIGNAL), $1, $2) }
    }

    /// The next line that has arrived, and whence; nil when there is none.
    func receive() -> (line: String, from: Endpoint)? {
        var bytes = [UInt8](repeating: 0, count: Self.largestLine)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let count = withUnsafeMutableBytes(of: &address) { address in
            recvfrom(
                descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT),
                address.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        guard count >= 0 else { return nil }
        return (String(decoding: bytes.prefix(count), as: UTF8.self), Endpoint(address))
    }

    /// A program that this process starts does not inherit the socket.
    private func setUp() -> Bool {
        descriptor >= 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
    }

    private func call<Status>(
        _ endpoint: Endpoint, _ body: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Status
    ) -> Status {
        withUnsafeBytes(of: endpoint.socketAddress) { bytes in
            body(
                descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
    }
}
