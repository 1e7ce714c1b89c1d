import Diagnostics
import Files
import Glibc

/// A file in the memory of a node that several processes map: one makes it, all map it, each reserves
/// the pages of its part, and its name goes as soon as all have it, so that nothing remains of a
/// process that is killed.
final class SharedSegment {
    /// The whole file in the memory of this process.
    let bytes: UnsafeMutableRawBufferPointer
    let path: String
    let descriptor: Int32

    static let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))

    /// Makes a file of `size` bytes that takes no memory yet.
    static func create(_ path: String, size: Int) throws(Failure) {
        let what = "cannot make shared memory"
        let descriptor = try SystemCall.check(what, at: path) {
            open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        defer { close(descriptor) }
        do {
            try SystemCall.check(what, at: path) { ftruncate(descriptor, off_t(size)) }
        } catch {
            remove(path)
            throw error
        }
    }

    static func remove(_ path: String) { unlink(path) }

    /// Maps a file that `create` has made; reading and writing it takes what `reserve` has reserved.
    init(mapping path: String, size: Int) throws(Failure) {
        let what = "cannot map shared memory"
        let descriptor = try SystemCall.check(what, at: path) {
            open(path, O_RDWR | O_CLOEXEC)
        }
        let start = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let start, start != MAP_FAILED else {
            let code = errno
            close(descriptor)
            throw SystemCall.failure(what, code: code, at: path)
        }
        self.path = path
        self.descriptor = descriptor
        bytes = UnsafeMutableRawBufferPointer(start: start, count: size)
    }

    deinit {
        munmap(bytes.baseAddress, bytes.count)
        close(descriptor)
    }

    /// Takes the pages of a part now, near this process, where the lack of one can still be told: a
    /// later write would end in SIGBUS.
    func reserve(_ part: Range<Int>) throws(Failure) {
        guard !part.isEmpty, let base = bytes.baseAddress else { return }
        // Huge pages, and pages that are mapped already, where the kernel gives them; what it does not
        // give is reserved below, on every kernel.
        madvise(base + part.lowerBound, part.count, Self.hugePages)
        madvise(base + part.lowerBound, part.count, Self.populateWrite)
        while true {
            let code = posix_fallocate(descriptor, off_t(part.lowerBound), off_t(part.count))
            if code == 0 { return }
            if code != EINTR {
                throw SystemCall.failure("cannot reserve shared memory", code: code, at: path)
            }
        }
    }

    /// MADV_HUGEPAGE, and MADV_POPULATE_WRITE of Linux 5.14, which older kernels refuse.
    private static let (hugePages, populateWrite) = (Int32(14), Int32(23))
}
