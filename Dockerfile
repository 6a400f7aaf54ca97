# One file for every service: docker build --build-arg SERVICE=offset-service -t millrace/offset-service:dev .
# Nothing is needed on the machine but Docker; the first stage builds all services, once for all images.

FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /millrace
COPY . .
RUN --mount=type=cache,target=/root/.m2,sharing=locked \
    mvn -B -q -DskipTests -pl broker-service,coordinator-service,offset-service,gateway-service -am package

# Dependencies change seldom and are layers of their own.
FROM build AS layers
ARG SERVICE
RUN test -n "${SERVICE}" \
    && cp "${SERVICE}/target/${SERVICE}"-*.jar /tmp/app.jar \
    && java -Djarmode=tools -jar /tmp/app.jar extract --layers --destination /layers

FROM eclipse-temurin:25-jre
# Fixed, so that volumes keep their owner from image to image and Kubernetes can tell that it is not root.
RUN groupadd --gid 10001 millrace \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /app --shell /usr/sbin/nologin millrace \
    && mkdir /var/lib/millrace \
    && chown 10001:10001 /var/lib/millrace
WORKDIR /app
COPY --from=layers /layers/dependencies/ ./
COPY --from=layers /layers/spring-boot-loader/ ./
COPY --from=layers /layers/snapshot-dependencies/ ./
COPY --from=layers /layers/application/ ./
USER 10001:10001
# The heap is a share of the container's memory; the rest is for threads, buffers and, at the broker, the page cache.
# JDK_JAVA_OPTIONS adds to these options.
ENTRYPOINT ["java", "-XX:MaxRAMPercentage=60", "-XX:+UseCompactObjectHeaders", "-XX:+ExitOnOutOfMemoryError", "--enable-native-access=ALL-UNNAMED", "-jar", "app.jar"]
