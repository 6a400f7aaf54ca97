package io.millrace.coordinator.group.classic;

import io.millrace.coordinator.group.classic.ClassicProfile.Protocol;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A member's protocols as one run of bytes: how many, then of each the name and the metadata, both behind their length. */
public final class ProtocolsCodec {
    private ProtocolsCodec() {}

    public static byte[] encoded(List<Protocol> protocols) {
        var names = protocols.stream().map(protocol -> protocol.name().getBytes(StandardCharsets.UTF_8)).toList();
        int sizeBytes = Integer.BYTES;
        for (int i = 0; i < names.size(); i++) {
            sizeBytes += 2 * Integer.BYTES + names.get(i).length + protocols.get(i).metadata().sizeBytes();
        }
        ByteBuffer bytes = ByteBuffer.allocate(sizeBytes).putInt(protocols.size());
        for (int i = 0; i < names.size(); i++) {
            Opaque metadata = protocols.get(i).metadata();
            bytes.putInt(names.get(i).length).put(names.get(i)).putInt(metadata.sizeBytes()).put(metadata.bytes());
        }
        return bytes.array();
    }

    public static List<Protocol> decoded(byte[] encoded) {
        ByteBuffer bytes = ByteBuffer.wrap(encoded);
        var protocols = new ArrayList<Protocol>();
        for (int left = bytes.getInt(); left > 0; left--) {
            String name = new String(run(bytes), StandardCharsets.UTF_8);
            protocols.add(new Protocol(name, Opaque.of(run(bytes))));
        }
        return protocols;
    }

    private static byte[] run(ByteBuffer bytes) {
        byte[] run = new byte[bytes.getInt()];
        bytes.get(run);
        return run;
    }
}
