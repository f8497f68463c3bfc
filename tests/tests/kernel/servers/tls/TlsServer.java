// usage: java TlsServer.java STORE PASSWORD PORT ADDRESS...
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.security.KeyStore;
import java.util.concurrent.Executors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

public class TlsServer {
    private static final int[] STATUSES = {200, 201, 404, 410, 502};

    public static void main(String[] words) throws Exception {
        char[] password = words[1].toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream file = new FileInputStream(words[0])) {
            store.load(file, password);
        }
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, password);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        for (int i = 3; i < words.length; i++) {
            HttpsServer server = HttpsServer.create(new InetSocketAddress(words[i], Integer.parseInt(words[2])), 512);
            server.setHttpsConfigurator(new HttpsConfigurator(context));
            server.setExecutor(Executors.newCachedThreadPool());
            server.createContext("/", TlsServer::answer);
            server.start();
        }
    }

    private static void answer(HttpExchange exchange) throws IOException {
        long length = 0;
        byte[] buffer = new byte[65536];
        try (InputStream body = exchange.getRequestBody()) {
            for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
                length += read;
            }
        }
        String[] path = exchange.getRequestURI().getPath().split("/");
        switch (path[1]) {
            case "id" -> reply(exchange, STATUSES[(int) (Long.parseLong(path[2]) % 5)], "id " + path[2] + "\n");
            case "length" -> reply(exchange, 200, "length " + length + "\n");
            case "big" -> reply(exchange, 200, "0123456789abcdef".repeat(Integer.parseInt(path[2]) / 16));
            case "chunked" -> {
                // A length of 0 means chunks.
                exchange.sendResponseHeaders(200, 0);
                try (OutputStream out = exchange.getResponseBody()) {
                    for (int n = 0; n < 10; n++) {
                        out.write(("chunk " + n + "\n").getBytes());
                        out.flush();
                    }
                }
            }
            default -> reply(exchange, 400, "not known\n");
        }
    }

    private static void reply(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes();
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }
}
