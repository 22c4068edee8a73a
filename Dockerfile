# One image; the command decides whether it is web, runner, worker or timetable.

FROM node:22-slim AS browser
WORKDIR /site
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY static/js/third_party static/js/third_party
RUN npm run build

FROM python:3.11-slim
# what sandboxes need, and what wheels of common packages expect of a system
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        bubblewrap git libglib2.0-0 libgomp1 libsm6 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /site
COPY requirements/base.txt requirements/base.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY . .
COPY --from=browser /site/static/vendor static/vendor
RUN useradd --system --create-home agorithm \
    && mkdir /data && chown agorithm /data \
    && DATA_DIR=/tmp/build SECRET_KEY=only-for-this-step python manage.py collectstatic --no-input \
    && rm -rf /tmp/build
ENV DATA_DIR=/data PYTHONUNBUFFERED=1
VOLUME /data
USER agorithm
EXPOSE 8000
HEALTHCHECK --interval=10s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz')"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0"]
